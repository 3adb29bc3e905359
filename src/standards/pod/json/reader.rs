//! A reader of JSON that declines whatever is wrong or rare.

use std::fmt;

use serde::{
    Deserializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};

use super::{check, count, text};

/// How deep objects and lists may be in each other, as `serde_json` has it.
const DEEPEST: u8 = 127;

/// Text that is left to another reader.
#[derive(Debug)]
pub(super) struct Declined;

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("declined")
    }
}

impl std::error::Error for Declined {}

impl de::Error for Declined {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// What is looked at of a value that nobody reads.
#[derive(Clone, Copy)]
pub(super) enum Unread {
    /// All of it.
    Checked,
    /// Where it ends.
    Counted,
}

/// Reads JSON.
pub(super) struct Reader<'de> {
    text: &'de [u8],
    unread: Unread,
    at: usize,
    depth: u8,
}

impl<'de> Reader<'de> {
    /// Reads from the beginning of a text.
    pub(super) const fn new(text: &'de [u8], unread: Unread) -> Self {
        Self { text, unread, at: 0, depth: 0 }
    }

    /// Whether nothing but white space is left.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// The next byte that is no white space, which stays.
    fn peek(&mut self) -> Option<u8> {
        let (byte, after) = text::token(self.text, self.at)?;
        self.at = after - 1;
        Some(byte)
    }

    /// Goes past a byte that must come next.
    fn expect(&mut self, byte: u8) -> Result<(), Declined> {
        let token = text::token(self.text, self.at).filter(|(next, _)| *next == byte);
        self.at = token.ok_or(Declined)?.1;
        Ok(())
    }

    /// Goes past a word that must come next.
    fn expect_word(&mut self, word: &[u8]) -> Result<(), Declined> {
        self.at = text::word(self.text, self.at, word).ok_or(Declined)?;
        Ok(())
    }

    /// A string as it stands in the text, which may not be UTF-8. `None` when it has escapes, or is none.
    fn plain_string(&mut self) -> Option<&'de [u8]> {
        let (_, start) = text::token(self.text, self.at).filter(|(quote, _)| *quote == b'"')?;
        let end = text::plain(self.text, start).filter(|end| self.text.get(*end) == Some(&b'"'))?;
        self.at = end + 1;
        self.text.get(start..end)
    }

    /// A string with escapes.
    #[cold]
    fn escaped_string(&mut self) -> Result<String, Declined> {
        self.expect(b'"')?;
        let start = self.at - 1;
        self.at = count::string(self.text, self.at).ok_or(Declined)?;
        let quoted = self.text.get(start..self.at).ok_or(Declined)?;
        serde_json::from_slice(quoted).map_err(|_| Declined)
    }

    fn boolean(&mut self) -> Result<bool, Declined> {
        if self.peek() == Some(b't') {
            self.expect_word(b"true").map(|()| true)
        } else {
            self.expect_word(b"false").map(|()| false)
        }
    }

    /// A whole number that surely has a place in 64 bits.
    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Declined> {
        const DIGITS: usize = 18;
        let is_negative = self.peek() == Some(b'-');
        self.at += usize::from(is_negative);
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = rest.get(..length).unwrap_or_default();
        let has_more = rest.get(length).is_some_and(|next| matches!(next, b'.' | b'e' | b'E'));
        let is_zero = digits.first() == Some(&b'0');
        if digits.is_empty() || length > DIGITS || has_more || is_zero && (length > 1 || is_negative) {
            return Err(Declined);
        }
        self.at += length;
        let number = digits.iter().fold(0_u64, |number, digit| 10 * number + u64::from(digit - b'0'));
        if is_negative { visitor.visit_i64(-number.cast_signed()) } else { visitor.visit_u64(number) }
    }

    /// Goes into an object or a list, and out again.
    fn within<T>(
        &mut self,
        brackets: [u8; 2],
        read: impl FnOnce(Entries<'_, 'de>) -> Result<T, Declined>,
    ) -> Result<T, Declined> {
        let [opening, closing] = brackets;
        self.expect(opening)?;
        if self.depth == DEEPEST {
            return Err(Declined);
        }
        self.depth += 1;
        let value = read(Entries { reader: self, closing, is_first: true })?;
        self.depth -= 1;
        self.expect(closing)?;
        Ok(value)
    }
}

/// What an object or a list holds.
struct Entries<'r, 'de> {
    reader: &'r mut Reader<'de>,
    closing: u8,
    is_first: bool,
}

impl Entries<'_, '_> {
    /// Whether there is another, before which the reader then stands.
    fn advance(&mut self) -> Result<bool, Declined> {
        if self.reader.peek() == Some(self.closing) {
            return Ok(false);
        }
        if !self.is_first {
            self.reader.expect(b',')?;
        }
        self.is_first = false;
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for Entries<'_, 'de> {
    type Error = Declined;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Declined> {
        if self.advance()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = Declined;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Declined> {
        if !self.advance()? {
            return Ok(None);
        }
        if self.reader.peek() != Some(b'"') {
            return Err(Declined);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Declined> {
        self.reader.expect(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// Methods that ask for one kind of value, and get it or nothing.
macro_rules! one_kind {
    ($($method:ident)* => $read:ident) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Declined> {
                self.$read(visitor)
            }
        )*
    };
}

impl<'de> Reader<'de> {
    fn visit_string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Declined> {
        match self.plain_string() {
            Some(text) => visitor.visit_borrowed_str(str::from_utf8(text).map_err(|_| Declined)?),
            None => visitor.visit_string(self.escaped_string()?),
        }
    }

    /// The name of a field, which is compared and not kept: that it is UTF-8 need not be known.
    fn visit_identifier<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Declined> {
        match self.plain_string() {
            Some(name) => visitor.visit_borrowed_bytes(name),
            None => visitor.visit_string(self.escaped_string()?),
        }
    }

    fn visit_list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Declined> {
        self.within(*b"[]", |entries| visitor.visit_seq(entries))
    }

    fn visit_object<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Declined> {
        self.within(*b"{}", |entries| visitor.visit_map(entries))
    }

    fn visit_null<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Declined> {
        self.peek();
        self.expect_word(b"null")?;
        visitor.visit_unit()
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Declined;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Declined> {
        match self.peek().ok_or(Declined)? {
            b'"' => self.visit_string(visitor),
            b'{' => self.visit_object(visitor),
            b'[' => self.visit_list(visitor),
            b't' | b'f' => visitor.visit_bool(self.boolean()?),
            b'n' => self.visit_null(visitor),
            _ => self.number(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Declined> {
        let (first, at) = text::token(self.text, self.at).ok_or(Declined)?;
        let end = match self.unread {
            Unread::Checked => check::value(self.text, first, at, DEEPEST - self.depth),
            Unread::Counted => count::value(self.text, first, at),
        };
        self.at = end.ok_or(Declined)?;
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Declined> {
        if self.peek() != Some(b'n') {
            return visitor.visit_some(self);
        }
        self.expect_word(b"null")?;
        visitor.visit_none()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Declined> {
        self.peek();
        visitor.visit_bool(self.boolean()?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Declined> {
        self.visit_object(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Declined> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Declined> {
        self.visit_list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Declined> {
        self.visit_list(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Declined> {
        self.visit_null(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Declined> {
        Err(Declined)
    }

    one_kind!(deserialize_str deserialize_string deserialize_char => visit_string);
    one_kind!(deserialize_identifier => visit_identifier);
    one_kind!(deserialize_map => visit_object);
    one_kind!(deserialize_seq => visit_list);
    one_kind!(deserialize_unit => visit_null);
    one_kind!(
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64 => number
    );

    // A string or a list of numbers in JSON.
    fn deserialize_bytes<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Declined> {
        Err(Declined)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Declined> {
        Err(Declined)
    }
}
