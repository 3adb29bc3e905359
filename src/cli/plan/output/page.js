for (const search of document.querySelectorAll("input[type=search]")) {
  const rows = [...search.closest("section").querySelectorAll("tbody.namespace")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const shown = search.closest("section").querySelector("output");
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, index) => {
      row.hidden = !words.every((word) => texts[index].includes(word));
      count += row.hidden ? 0 : 1;
    });
    shown.textContent = words.length ? `${count} of ${rows.length} shown` : "";
  });
}
