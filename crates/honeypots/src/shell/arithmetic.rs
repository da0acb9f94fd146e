//! `$(( … ))`

use super::Shell;

/// How deep brackets may lie within brackets.
const DEPTH: u32 = 16;

/// Operators by how loosely they bind.
const OPERATORS: [&[&str]; 8] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Shell {
    /// The value of an expression, which may set a variable (`i=i+1`, `i+=2`, `i++`). What makes no sense is 0.
    pub(super) fn arithmetic(&mut self, expression: &[u8]) -> i64 {
        let text = expression.trim_ascii();
        let length = text
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
            .count();
        let (name, rest) = text.split_at(length);
        let rest = rest.trim_ascii_start();
        if name.is_empty() || name[0].is_ascii_digit() {
            return Reader::new(self, text).value();
        }
        let old = Reader::new(self, name).value();
        let (value, new) = match rest {
            b"++" => (old, old.wrapping_add(1)),
            b"--" => (old, old.wrapping_sub(1)),
            [b'=', right @ ..] if !right.starts_with(b"=") => {
                let value = Reader::new(self, right).value();
                (value, value)
            }
            [sign @ (b'+' | b'-' | b'*' | b'/' | b'%'), b'=', right @ ..] => {
                let right = Reader::new(self, right).value();
                let value = apply(
                    std::str::from_utf8(&[*sign]).unwrap_or_default(),
                    old,
                    right,
                );
                (value, value)
            }
            _ => return Reader::new(self, text).value(),
        };
        self.set(name, new.to_string().as_bytes());
        value
    }
}

struct Reader<'a> {
    shell: &'a Shell,
    rest: &'a [u8],
    depth: u32,
}

impl<'a> Reader<'a> {
    fn new(shell: &'a Shell, rest: &'a [u8]) -> Self {
        Self {
            shell,
            rest,
            depth: 0,
        }
    }

    fn value(mut self) -> i64 {
        self.level(0)
    }

    fn level(&mut self, level: usize) -> i64 {
        let Some(operators) = OPERATORS.get(level) else {
            return self.operand();
        };
        let mut value = self.level(level + 1);
        loop {
            self.rest = self.rest.trim_ascii_start();
            let found = operators.iter().find(|operator| {
                let longer =
                    matches!(**operator, "|" | "&") && self.rest.get(1) == self.rest.first();
                self.rest.starts_with(operator.as_bytes()) && !longer
            });
            let Some(operator) = found else {
                return value;
            };
            self.rest = &self.rest[operator.len()..];
            let right = self.level(level + 1);
            value = apply(operator, value, right);
        }
    }

    fn operand(&mut self) -> i64 {
        self.rest = self.rest.trim_ascii_start();
        self.depth += 1;
        if self.depth > DEPTH {
            self.rest = b"";
        }
        let value = match self.rest {
            [b'(', after @ ..] => {
                self.rest = after;
                let value = self.level(0);
                self.rest = self.rest.trim_ascii_start();
                self.rest = self.rest.strip_prefix(b")").unwrap_or(self.rest);
                value
            }
            [sign @ (b'-' | b'+' | b'!' | b'~'), after @ ..] => {
                self.rest = after;
                let value = self.operand();
                match sign {
                    b'-' => value.wrapping_neg(),
                    b'!' => i64::from(value == 0),
                    b'~' => !value,
                    _ => value,
                }
            }
            _ => {
                self.rest = self.rest.strip_prefix(b"$").unwrap_or(self.rest);
                let length = self
                    .rest
                    .iter()
                    .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
                    .count();
                let (token, after) = self.rest.split_at(length);
                self.rest = after;
                number(token)
                    .or_else(|| number(&self.shell.value(token)?))
                    .unwrap_or(0)
            }
        };
        self.depth -= 1;
        value
    }
}

fn apply(operator: &str, left: i64, right: i64) -> i64 {
    match operator {
        "||" => i64::from(left != 0 || right != 0),
        "&&" => i64::from(left != 0 && right != 0),
        "|" => left | right,
        "^" => left ^ right,
        "==" => i64::from(left == right),
        "!=" => i64::from(left != right),
        "<=" => i64::from(left <= right),
        ">=" => i64::from(left >= right),
        "<" => i64::from(left < right),
        ">" => i64::from(left > right),
        "+" => left.wrapping_add(right),
        "-" => left.wrapping_sub(right),
        "*" => left.wrapping_mul(right),
        "/" => left.checked_div(right).unwrap_or(0),
        _ => left.checked_rem(right).unwrap_or(0),
    }
}

fn number(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
