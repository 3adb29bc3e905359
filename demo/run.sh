#!/bin/sh
# Plays podsec's main job on a control plane of its own, for the reader to watch. What is shown goes to stdout, what
# happens around it to stderr. Exits with 1 when something does not come true in time.
set -eu
cd "$(dirname "$0")/.."

built=${CARGO_TARGET_DIR:-target}/debug
log=target/demo-controller.log
patience=30 # seconds that anything may take to come true

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
fi

# What happens around the demo.
note() {
    echo "$1" >&2
}

fail() {
    note "the demo failed: $1"
    if [ -n "$controller" ]; then
        note "the controller's log is $log"
    fi
    exit 1
}

# Whether the command $2 succeeds in time; $1 says what that means.
await() {
    deadline=$(($(date +%s) + patience))
    until (eval "$2") >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$deadline" ] || fail "not within $patience s: $1"
        kill -0 "$controller" 2>/dev/null || fail "the controller ended"
        sleep 0.1
    done
}

# --- what is shown ----------------------------------------------------------------------------------------------

step() {
    number=$((number + 1))
    printf '\n%s%s. %s%s\n' "$bold" "$number" "$1" "$plain"
}

# Shows a command and what it prints.
show() {
    prompt "$1"
    (eval "$1") 2>&1 || fail "$1"
}

# The same for a command that exits with 1 since it finds something.
show_found() {
    prompt "$1"
    status=0
    (eval "$1") 2>&1 || status=$?
    [ "$status" -eq 1 ] || fail "exit $status where something was to be found: $1"
}

# The same for long lines, which are broken between words.
show_prose() {
    prompt "$1"
    (eval "$1") >"$scratch/answer" 2>&1 || fail "$1: $(cat "$scratch/answer")"
    wrapped
}

# The same for a command that the API server must refuse for the sake of Pod Security.
show_refused() {
    prompt "$1"
    (eval "$1") >"$scratch/answer" 2>&1 && fail "the API server took what it should refuse: $1"
    wrapped
    grep -q 'violates PodSecurity' "$scratch/answer" || fail "refused, but not by Pod Security: $1"
}

# The last answer, which ends with its line whether or not the command ended it.
wrapped() {
    printf '%s\n' "$(cat "$scratch/answer")" | fold -s -w 100
}

prompt() {
    printf '\n%s$ %s%s\n' "$bold" "$1" "$plain"
}

look() {
    printf '%s# %s%s\n' "$dim" "$1" "$plain"
}

# --- conditions -------------------------------------------------------------------------------------------------

# Whether the namespace $1 carries the level $3 for the mode $2.
carries() {
    [ "$(kubectl get namespace "$1" -o "jsonpath={.metadata.labels['pod-security\.kubernetes\.io/$2']}")" = "$3" ]
}

# Whether an Event with the reason $1 says $2.
event_says() {
    kubectl get events -n default --field-selector "reason=$1" -o 'jsonpath={.items[*].message}' | grep -qF "$2"
}

# Whether the profile $1 has been carried out as it stands, with $3 as the value of the status field $2.
status_is() {
    kubectl get cpsp "$1" -o "jsonpath={.metadata.generation} {.status.observedGeneration} {.status.conditions[?(@.type=='Ready')].status} {.status.namespaces.$2}" |
        awk -v want="$3" '{exit !($1 == $2 && $3 == "True" && $4 == want)}'
}

# --- the cluster and the controller -----------------------------------------------------------------------------

controller='' scratch='' number=0
cleanup() {
    trap - EXIT
    if [ -n "$controller" ]; then
        kill "$controller" 2>/dev/null || true
        wait "$controller" 2>/dev/null || true
    fi
    if [ -d "$scratch/cluster" ] && ! "$built/podsec-control-plane" down --dir "$scratch/cluster" >/dev/null; then
        note "the control plane in $scratch/cluster could not be ended"
        return
    fi
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

note "building podsec and the control plane (minutes the first time)"
mkdir -p target
# With `--examples`, though there are none, it is built of the very same parts as the tests.
cargo build --quiet --locked --workspace --bins --examples
kubectl=$("$built/podsec-control-plane" build | grep '/kubectl$')
PATH=$(cd "$built" && pwd):$(dirname "$kubectl"):$PATH

note "starting the control plane"
scratch=$(mktemp -d)
"$built/podsec-control-plane" up --dir "$scratch/cluster" >/dev/null
# The demo's own cluster and nothing else, whatever the caller's environment says.
export KUBECONFIG="$scratch/cluster/kubeconfig" KUBECACHEDIR="$scratch/cache" KUBERC=off

note "installing podsec's CRDs, service account and role"
kubectl apply -k demo >/dev/null
kubectl wait --for=condition=Established crd/clusterpodsecurityprofiles.podsec.dev \
    crd/podsecurityreports.podsec.dev --timeout="${patience}s" >/dev/null

note "starting the controller, in the role that deploy/ gives it"
(
    umask 077
    cp "$KUBECONFIG" "$scratch/podsec"
    export KUBECONFIG="$scratch/podsec"
    user=$(kubectl config view --minify -o 'jsonpath={.users[0].name}')
    token=$(KUBECONFIG="$scratch/cluster/kubeconfig" kubectl create token podsec -n podsec-system)
    kubectl config set-credentials podsec --token="$token"
    kubectl config set-context --current --user=podsec
    kubectl config delete-user "$user"
) >/dev/null
env -i "$built/podsec" controller --kubeconfig "$scratch/podsec" --own-namespace podsec-system \
    --listen 127.0.0.1:0 2>"$log" &
controller=$!

# What is created from now on podsec has seen from its beginning.
await "the controller knows what runs" "grep -q 'namespaces are judged' '$log'"

# --- the play ---------------------------------------------------------------------------------------------------

step "Six namespaces with work in them, and no Pod Security labels"
for file in shop payments reports legacy-billing monitoring sandbox; do
    kubectl apply -f "examples/workloads/$file.yaml" >/dev/null
done
kubectl wait --for=condition=Available deployment --all -A --timeout="${patience}s" >/dev/null
kubectl wait --for=condition=Ready pod --all -A --timeout="${patience}s" >/dev/null
await "the DaemonSet runs" "kubectl rollout status -n monitoring daemonset/node-exporter --timeout=1s"
show "kubectl get deployments,daemonsets,cronjobs,pods -A -l example -o custom-columns=NAMESPACE:.metadata.namespace,KIND:.kind,NAME:.metadata.name"
show "P=pod-security.kubernetes.io"
P=pod-security.kubernetes.io
# shellcheck disable=SC2016 # $P is shown as it stands
labels='-L tier,$P/enforce,$P/enforce-version,$P/warn'
show "kubectl get namespaces -l example $labels"
look "legacy-billing and monitoring reach into the node itself. Nothing refuses that yet."

step "What a level would break, before anything is applied"
show "podsec plan"
show_found "podsec plan -f examples/profiles/everything.yaml"
show_found "podsec plan -f examples/profiles/everything.yaml -o html > target/plan.html"
grep -q 'legacy-billing' target/plan.html || fail "target/plan.html does not tell of legacy-billing"
look "The same for those who do not read terminals: open target/plan.html in a browser. Nothing was changed so far."

step "A profile for everything: warn now, enforce later"
show "kubectl apply -f examples/profiles/everything.yaml"
await "profile everything has done its namespaces" "status_is everything soaking 3"
show "kubectl get namespaces -l example $labels"
look "warn (and audit) came at once: they refuse nothing. enforce waits, for the profile's strategy is WhenClean."
show "kubectl get cpsp"
look "HELD counts the namespaces that wait, BLOCKERS the workloads that violate baseline. The seventh namespace is default."

step "Which namespaces can go to baseline, and what blocks the others"
show "kubectl get psr -A"
look "reports and default are new and no pod was ever there, so they are raised already. Three soak: for 24 hours nothing"
look "may violate baseline there. Here, nobody has so much time:"
show "kubectl patch cpsp everything --type=merge -p '{\"spec\":{\"rollout\":{\"soak\":\"0s\"}}}'"
await "what is clean is raised" "status_is everything inSync 5"
show "kubectl get namespaces -l example $labels"
blocker='{.blockers[0].workload}: {.blockers[0].message}{"\n"}  {.blockers[0].field}: {.blockers[0].remedy}{"\n"}'
show "kubectl get psr podsec -n legacy-billing -o jsonpath='$blocker'"
show_prose "kubectl replace --force -f demo/legacy-billing-fixed.yaml"
await "legacy-billing is raised" "carries legacy-billing enforce baseline"
show "kubectl get namespace legacy-billing $labels"
look "A moment after its biller was mended, legacy-billing was raised too. monitoring keeps what it has."

step "A profile for tier=apps, of higher priority"
show "kubectl apply -f examples/profiles/apps.yaml"
await "profile apps has done its namespaces" "status_is apps inSync 4"
await "profile everything has left them to it" "status_is everything governed 3"
show "kubectl get namespaces -l example $labels"
show "kubectl get cpsp"
look "apps has the higher priority and governs four of the seven. \"server\" became the API server's own version."
show "kubectl get namespace shop -o yaml | grep podsec.dev"
look "What podsec wrote is noted on the namespace, so that it survives a restart, and the profile."

step "Somebody removes a label"
show "kubectl label namespace shop \$P/enforce-"
await "the label of shop is put back" "carries shop enforce baseline && event_says Repaired 'namespace shop'"
show "kubectl get namespace shop $labels"
show_prose "kubectl get events --field-selector reason=Repaired -o jsonpath='{.items[*].message}'"
look "It is back, and an Event says so."

step "A pod is refused, until an exemption lets it in"
show_refused "kubectl apply -f examples/workloads/legacy-log-agent.yaml"
show "diff examples/profiles/apps.yaml examples/profiles/apps-with-exemption.yaml | grep '^>   *[^ ]'"
show "kubectl apply -f examples/profiles/apps-with-exemption.yaml"
await "the exemption holds" "status_is apps exempt 1 && carries legacy-billing enforce privileged"
show_prose "kubectl apply -f examples/workloads/legacy-log-agent.yaml"
show "kubectl get cpsp apps -o wide"
look "Only legacy-billing is open, until the exemption expires. It stays governed (EXEMPT 1), and warned."

step "Too strict? Edit the profile"
show "kubectl patch cpsp apps --type=merge -p '{\"spec\":{\"enforce\":{\"level\":\"restricted\"}}}'"
await "restricted is enforced" "status_is apps inSync 4 && carries shop enforce restricted"
show_prose "kubectl scale deployment web -n shop --replicas=3"
failure='{.status.conditions[?(@.type=="ReplicaFailure")].message}'
await "the third pod is refused" "[ -n \"\$(kubectl get deployment web -n shop -o jsonpath='$failure')\" ]"
show_prose "kubectl get deployment web -n shop -o jsonpath='$failure'"
look "strategy Immediate asked nobody, and shop cannot have its third pod. Back to baseline:"
show "kubectl patch cpsp apps --type=merge -p '{\"spec\":{\"enforce\":{\"level\":\"baseline\"}}}'"
await "baseline is enforced" "status_is apps inSync 4 && carries shop enforce baseline && event_says Weakened 'namespace shop'"
show "kubectl get events --field-selector reason=Weakened -o jsonpath='{range .items[*]}{.message}{\"\\n\"}{end}' | sort"
show "kubectl rollout status deployment web -n shop --timeout=${patience}s | tail -n 1"
look "What lowers a level is done at once and never in silence: each namespace has an Event that says why."

step "The profiles are deleted"
show "kubectl delete cpsp --all"
managers='{range .metadata.managedFields[*]}{.manager}{"\n"}{end}'
await "the labels are handed over" "kubectl get namespace shop --show-managed-fields -o jsonpath='$managers' | grep -qx podsec-retained"
show "kubectl get namespaces -l example $labels"
show "kubectl get namespace shop --show-managed-fields -o jsonpath='$managers'"
look "The labels stay (releasePolicy: Retain is the default), owned by the field manager podsec-retained."

kill -0 "$controller" 2>/dev/null || fail "the controller ended"
