//! Lists taken apart: the bytes of each element, without decoding them. A list is whole, or this is an error.

use bytes::Bytes;
use serde::de::IgnoredAny;

/// The elements of a JSON document: of the array under `key`, or of the document itself if `key` is empty.
///
/// # Errors
/// Why the document is no such list: it is cut short, is not JSON, lacks the key, or has something else there.
pub fn elements(document: &Bytes, key: &str) -> Result<Vec<Bytes>, String> {
    let mut cursor = Cursor { document, at: 0 };
    let elements = if key.is_empty() { cursor.array()? } else { cursor.member(key)? };
    cursor.end()?;
    Ok(elements)
}

struct Cursor<'d> {
    document: &'d Bytes,
    at: usize,
}

impl Cursor<'_> {
    /// The array under `key` of the object that begins here.
    fn member(&mut self, key: &str) -> Result<Vec<Bytes>, String> {
        self.expect(b'{', "an object")?;
        let mut found = None;
        if !self.take(b'}') {
            loop {
                let name: String = self.value()?;
                self.expect(b':', "`:`")?;
                if name == key {
                    if self.peek() != Some(b'[') {
                        return Err(format!("`{key}` is no array"));
                    }
                    if found.replace(self.array()?).is_some() {
                        return Err(format!("`{key}` comes twice"));
                    }
                } else {
                    let _: IgnoredAny = self.value()?;
                }
                if self.take(b'}') {
                    break;
                }
                self.expect(b',', "`,` or `}`")?;
            }
        }
        found.ok_or_else(|| format!("`{key}` is missing"))
    }

    fn array(&mut self) -> Result<Vec<Bytes>, String> {
        self.expect(b'[', "an array")?;
        let mut elements = Vec::new();
        if self.take(b']') {
            return Ok(elements);
        }
        loop {
            self.skip_space();
            let start = self.at;
            self.element()?;
            elements.push(self.document.slice(start..self.at));
            if self.take(b']') {
                return Ok(elements);
            }
            self.expect(b',', "`,` or `]`")?;
        }
    }

    /// Passes over the element that begins here. Of an object only the end is looked for: whether it is JSON is found
    /// by whoever reads it.
    fn element(&mut self) -> Result<(), String> {
        if self.peek() != Some(b'{') {
            return self.value::<IgnoredAny>().map(|_| ());
        }
        let mut depth = 0_usize;
        while let Some(byte) = self.document.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => self.rest_of_text()?,
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 1 => return Ok(()),
                b'}' | b']' => depth -= 1,
                _ => {}
            }
        }
        Err(self.cut_short())
    }

    fn rest_of_text(&mut self) -> Result<(), String> {
        while let Some(byte) = self.document.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => return Ok(()),
                b'\\' => self.at += 1,
                _ => {}
            }
        }
        Err(self.cut_short())
    }

    /// Reads the value that begins here, and stands behind it.
    fn value<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, String> {
        let mut stream = serde_json::Deserializer::from_slice(&self.document[self.at..]).into_iter::<T>();
        match stream.next() {
            Some(Ok(value)) => {
                self.at += stream.byte_offset();
                Ok(value)
            }
            Some(Err(why)) if why.is_eof() => Err(self.cut_short()),
            Some(Err(why)) => Err(format!("it is not JSON: {why}")),
            None => Err(self.cut_short()),
        }
    }

    fn end(&mut self) -> Result<(), String> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(format!("something follows its end at byte {}", self.at)),
        }
    }

    fn expect(&mut self, token: u8, what: &str) -> Result<(), String> {
        if self.take(token) {
            return Ok(());
        }
        match self.peek() {
            None => Err(self.cut_short()),
            Some(_) => Err(format!("{what} is expected at byte {}", self.at)),
        }
    }

    fn take(&mut self, token: u8) -> bool {
        let is_there = self.peek() == Some(token);
        if is_there {
            self.at += 1;
        }
        is_there
    }

    fn peek(&mut self) -> Option<u8> {
        self.skip_space();
        self.document.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        let rest = &self.document[self.at..];
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    }

    fn cut_short(&self) -> String {
        if self.document.is_empty() {
            "it is empty".to_owned()
        } else {
            format!("it is cut short after {} bytes", self.document.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(document: &'static str, key: &str) -> Result<Vec<String>, String> {
        let elements = elements(&Bytes::from_static(document.as_bytes()), key)?;
        Ok(elements.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect())
    }

    #[test]
    fn elements_come_as_they_were_written() {
        assert_eq!(split(r#"{"items":[]}"#, "items"), Ok(vec![]));
        assert_eq!(
            split(r#" {"n": 1, "items" : [ {"a":"]}"} , {"b":[1,{"c":"\""}]} ], "z": null} "#, "items"),
            Ok(vec![r#"{"a":"]}"}"#.to_owned(), r#"{"b":[1,{"c":"\""}]}"#.to_owned()])
        );
        assert_eq!(split(r#"["eu01-1", "eu01-2"]"#, ""), Ok(vec!["\"eu01-1\"".to_owned(), "\"eu01-2\"".to_owned()]));
        assert_eq!(split("[1,2]", ""), Ok(vec!["1".to_owned(), "2".to_owned()]));
    }

    #[test]
    fn what_is_not_a_whole_list_is_an_error() {
        for (document, why) in [
            ("", "it is empty"),
            ("<html>", "an object is expected at byte 0"),
            ("{}", "`items` is missing"),
            (r#"{"item":[]}"#, "`items` is missing"),
            (r#"{"items":null}"#, "`items` is no array"),
            (r#"{"items":{}}"#, "`items` is no array"),
            (r#"{"items":[{"a":1}"#, "it is cut short after 17 bytes"),
            (r#"{"items":[{"a":"x"#, "it is cut short after 17 bytes"),
            (r#"{"items":[{"a":1}]"#, "it is cut short after 18 bytes"),
            (r#"{"items":[1],"items":[2]}"#, "`items` comes twice"),
            (r#"{"items":[1]} x"#, "something follows its end at byte 14"),
        ] {
            assert_eq!(split(document, "items"), Err(why.to_owned()), "{document}");
        }
    }

    #[test]
    fn every_cut_of_a_list_is_noticed() {
        let whole = r#"{"items":[{"id":"1","labels":{"a":"b"}},{"id":"2"}],"next":1}"#;
        for end in 0..whole.len() {
            assert!(elements(&Bytes::copy_from_slice(&whole.as_bytes()[..end]), "items").is_err(), "{end}");
        }
    }
}
