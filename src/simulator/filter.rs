//! The filter of machine types: a small part of expr-lang, as STACKIT's clients use it.
//!
//! Comparisons of `name`, `vcpus`, `ram`, `disk`, `extraSpecs.*` with numbers and texts, `in [..]`, `contains`,
//! `startsWith`, `endsWith`, joined by `&&`/`and`, `||`/`or`, `!`/`not` and parentheses.

use std::cmp::Ordering;

use super::world::MachineType;

/// A filter that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Term);

#[derive(Debug, Clone, PartialEq)]
enum Term {
    All(Vec<Term>),
    Any(Vec<Term>),
    Not(Box<Term>),
    Compare(Operand, Comparison, Operand),
    In(Operand, Vec<Operand>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Number(f64),
    Text(String),
    Field(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Word(String),
    Sign(&'static str),
}

/// How deeply parentheses may nest.
const DEEPEST: u32 = 50;

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// With what is wrong in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
        let term = parser.any()?;
        match parser.peek() {
            None => Ok(Self(term)),
            Some(token) => Err(format!("unexpected {token:?}")),
        }
    }

    /// Whether a machine type is wanted.
    ///
    /// # Errors
    /// When values of different types are compared.
    pub fn matches(&self, offer: &MachineType) -> Result<bool, String> {
        self.0.holds(offer)
    }
}

impl Term {
    fn holds(&self, offer: &MachineType) -> Result<bool, String> {
        match self {
            Self::All(terms) => {
                for term in terms {
                    if !term.holds(offer)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(terms) => {
                for term in terms {
                    if term.holds(offer)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(term) => Ok(!term.holds(offer)?),
            Self::In(operand, list) => {
                let Some(value) = operand.value(offer) else { return Ok(false) };
                Ok(list.iter().any(|other| other.value(offer).is_some_and(|other| other == value)))
            }
            Self::Compare(left, comparison, right) => match (left.value(offer), right.value(offer)) {
                (Some(left), Some(right)) => compare(&left, *comparison, &right),
                // A machine type that lacks the field has no value to compare.
                (left, right) => Ok(*comparison == Comparison::Unequal && left.is_some() != right.is_some()),
            },
        }
    }
}

fn compare(left: &Operand, comparison: Comparison, right: &Operand) -> Result<bool, String> {
    let ordering = match (left, right) {
        (Operand::Number(left), Operand::Number(right)) => left.partial_cmp(right),
        (Operand::Text(left), Operand::Text(right)) => {
            match comparison {
                Comparison::Contains => return Ok(left.contains(right.as_str())),
                Comparison::StartsWith => return Ok(left.starts_with(right.as_str())),
                Comparison::EndsWith => return Ok(left.ends_with(right.as_str())),
                _ => {}
            }
            Some(left.cmp(right))
        }
        _ => None,
    };
    let Some(ordering) = ordering else { return Err("values of different types are compared".into()) };
    match comparison {
        Comparison::Equal => Ok(ordering == Ordering::Equal),
        Comparison::Unequal => Ok(ordering != Ordering::Equal),
        Comparison::Less => Ok(ordering == Ordering::Less),
        Comparison::AtMost => Ok(ordering != Ordering::Greater),
        Comparison::Greater => Ok(ordering == Ordering::Greater),
        Comparison::AtLeast => Ok(ordering != Ordering::Less),
        Comparison::Contains | Comparison::StartsWith | Comparison::EndsWith => Err("only texts contain texts".into()),
    }
}

impl Operand {
    fn value(&self, offer: &MachineType) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
        let number = |value: i64| Some(Self::Number(value as f64));
        match self {
            Self::Field(name) => match name.as_str() {
                "name" => Some(Self::Text(offer.name.clone())),
                "description" => offer.description.clone().map(Self::Text),
                "vcpus" => number(offer.vcpus),
                "ram" => number(offer.ram),
                "disk" => number(offer.disk),
                other => {
                    let key = other.strip_prefix("extraSpecs.")?;
                    offer.extra_specs.get(key).cloned().map(Self::Text)
                }
            },
            value => Some(value.clone()),
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, sign: &str, word: &str) -> bool {
        let is_it = match self.peek() {
            Some(Token::Sign(found)) => *found == sign,
            Some(Token::Word(found)) => found == word,
            _ => false,
        };
        self.at += usize::from(is_it);
        is_it
    }

    fn any(&mut self) -> Result<Term, String> {
        let mut terms = vec![self.all()?];
        while self.take("||", "or") {
            terms.push(self.all()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::Any(terms) })
    }

    fn all(&mut self) -> Result<Term, String> {
        let mut terms = vec![self.one()?];
        while self.take("&&", "and") {
            terms.push(self.one()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::All(terms) })
    }

    fn one(&mut self) -> Result<Term, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deeply".into());
        }
        let term = if self.take("!", "not") {
            Term::Not(Box::new(self.one()?))
        } else if self.take("(", "(") {
            let term = self.any()?;
            if !self.take(")", ")") {
                return Err("a parenthesis is not closed".into());
            }
            term
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(term)
    }

    fn comparison(&mut self) -> Result<Term, String> {
        let left = self.operand()?;
        if self.take("", "in") {
            if !self.take("[", "[") {
                return Err("`in` needs a list".into());
            }
            let mut list = Vec::new();
            while !self.take("]", "]") {
                list.push(self.operand()?);
                if !self.take(",", ",") && self.peek() != Some(&Token::Sign("]")) {
                    return Err("a list is not closed".into());
                }
            }
            return Ok(Term::In(left, list));
        }
        for (sign, word, comparison) in [
            ("==", "", Comparison::Equal),
            ("!=", "", Comparison::Unequal),
            ("<=", "", Comparison::AtMost),
            (">=", "", Comparison::AtLeast),
            ("<", "", Comparison::Less),
            (">", "", Comparison::Greater),
            ("", "contains", Comparison::Contains),
            ("", "startsWith", Comparison::StartsWith),
            ("", "endsWith", Comparison::EndsWith),
        ] {
            if self.take(sign, word) {
                return Ok(Term::Compare(left, comparison, self.operand()?));
            }
        }
        Err("a comparison is missing".into())
    }

    fn operand(&mut self) -> Result<Operand, String> {
        let operand = match self.peek() {
            Some(Token::Number(number)) => Operand::Number(*number),
            Some(Token::Text(text)) => Operand::Text(text.clone()),
            Some(Token::Word(word)) => {
                let is_known = ["name", "description", "vcpus", "ram", "disk"].contains(&word.as_str());
                if !is_known && word.strip_prefix("extraSpecs.").is_none_or(str::is_empty) {
                    return Err(format!("unknown name {word}"));
                }
                Operand::Field(word.clone())
            }
            Some(token) => return Err(format!("unexpected {token:?}")),
            None => return Err("it ends too early".into()),
        };
        self.at += 1;
        Ok(operand)
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    const SIGNS: [&str; 13] = ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]"];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if let Some(sign) = SIGNS.into_iter().chain([","]).find(|sign| rest.starts_with(sign)) {
            tokens.push(Token::Sign(sign));
            sign.len()
        } else if first == '"' || first == '\'' {
            let end = rest[1..].find(first).ok_or("a text is not closed")?;
            tokens.push(Token::Text(rest[1..=end].to_owned()));
            end + 2
        } else {
            let is_part = |character: char| character.is_ascii_alphanumeric() || "_.".contains(character);
            let end = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("unexpected {first:?}"));
            }
            let word = &rest[..end];
            tokens.push(match word.parse() {
                Ok(number) if first.is_ascii_digit() => Token::Number(number),
                _ if first.is_ascii_digit() => return Err(format!("{word} is no number")),
                _ => Token::Word(word.to_owned()),
            });
            end
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::world::Labels;

    fn offer() -> MachineType {
        MachineType {
            name: "g2i.2".into(),
            vcpus: 2,
            ram: 8_192,
            disk: 20,
            extra_specs: Labels::from([("cpu".into(), "intel-icelake-generic".into())]),
            ..MachineType::default()
        }
    }

    #[test]
    fn filters_filter() {
        for (filter, expected) in [
            ("vcpus == 2", true),
            ("vcpus==4", false),
            ("ram >= 2048", true),
            ("ram < 8192", false),
            ("extraSpecs.cpu == \"intel-icelake-generic\" && vcpus == 2", true),
            ("extraSpecs.gpu == 'a'", false),
            ("extraSpecs.gpu != 'a'", true),
            ("name startsWith 'g2i' and not (vcpus > 2)", true),
            ("name in ['g2i.1', \"g2i.2\"]", true),
            ("vcpus in [1, 4]", false),
            ("vcpus == 1 || disk <= 20", true),
            ("!(disk <= 20)", false),
            ("name contains '2i' or vcpus > 9", true),
        ] {
            let found = Filter::parse(filter).and_then(|found| found.matches(&offer()));
            assert_eq!(found, Ok(expected), "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for filter in [
            "",
            "vcpus",
            "vcpus ==",
            "cpus == 2",
            "vcpus == 2 &&",
            "(vcpus == 2",
            "vcpus = 2",
            "'a",
            "2x == 2",
            "vcpus in 2",
            "a[0] == 1",
            "extraSpecs. == 1",
        ] {
            assert!(Filter::parse(filter).is_err(), "{filter}");
        }
        assert!(Filter::parse("vcpus == 'two'").and_then(|filter| filter.matches(&offer())).is_err());
        assert!(Filter::parse(&"(".repeat(10_000)).is_err());
    }
}
