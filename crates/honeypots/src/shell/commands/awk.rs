//! `awk`, as far as one-liners need it: patterns, `print`, `printf`, sums, `BEGIN` and `END`.

use std::collections::BTreeMap;

use regex::bytes::Regex;

use super::{Call, files::content, grep::expression, lines};
use crate::shell::{OUTPUT, Shell, escape::unescape};

/// The most variables of one program.
const VARIABLES: usize = 64;
/// The most rules and statements of one program.
const STATEMENTS: usize = 64;

enum Pattern {
    Always,
    Begin,
    End,
    Fits(Vec<u8>, Regex, bool),
    Compare(Vec<u8>, &'static str, Vec<u8>),
}

struct Rule {
    pattern: Pattern,
    statements: Vec<Vec<u8>>,
}

/// What a line looks like to a program.
struct Record<'a> {
    line: &'a [u8],
    fields: Vec<&'a [u8]>,
    number: usize,
}

pub(super) fn awk(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let mut variables = BTreeMap::new();
    let mut separator = b" ".to_vec();
    let mut names = vec![];
    let mut args = call.args.iter();
    while let Some(arg) = args.next() {
        match arg.as_slice() {
            b"-F" => separator = args.next().cloned().unwrap_or_default(),
            b"-v" => {
                let value = args.next().map(Vec::as_slice).unwrap_or_default();
                let (name, value) = split_once(value, b'=').unwrap_or((value, b""));
                variables.insert(name.to_vec(), value.to_vec());
            }
            option if option.starts_with(b"-F") => separator = option[2..].to_vec(),
            option if option.starts_with(b"-") && option.len() > 1 => {}
            name => names.push(name),
        }
    }
    if names.is_empty() {
        call.streams
            .complain(b"usage: awk [-F fs][-v var=value][prog | -f progfile][file ...]\n");
        return 2;
    }
    let program = names.remove(0);
    let Some(rules) = parse(program) else {
        let text = [
            b"awk: line 1: syntax error at or near ",
            program.trim_ascii(),
            b"\n",
        ];
        call.streams.complain(&text.concat());
        return 2;
    };
    let (bytes, status) = content(shell, call, &names);
    let work: usize = rules.iter().map(|rule| 1 + rule.statements.len()).sum();
    if !call.run.may_read(bytes.len().saturating_mul(work)) {
        call.streams.complain(b"awk: not enough memory\n");
        return 2;
    }
    let mut out = vec![];
    let mut records = 0;
    let separator = unescape(&separator);
    for rule in &rules {
        if matches!(rule.pattern, Pattern::Begin) {
            let record = Record {
                line: b"",
                fields: vec![],
                number: 0,
            };
            run(rule, &record, &mut variables, &mut out);
        }
    }
    for line in lines(&bytes) {
        records += 1;
        let fields = if separator == b" " {
            line.split(u8::is_ascii_whitespace)
                .filter(|field| !field.is_empty())
                .collect()
        } else if let [byte] = separator.as_slice() {
            line.split(|b| b == byte).collect()
        } else if let Some(regex) = expression(&separator, true, false) {
            regex.split(line).collect()
        } else {
            vec![line]
        };
        let record = Record {
            line,
            fields,
            number: records,
        };
        for rule in &rules {
            if fits(&rule.pattern, &record, &variables) {
                run(rule, &record, &mut variables, &mut out);
            }
        }
        if out.len() > 16 * OUTPUT {
            break;
        }
    }
    for rule in &rules {
        if matches!(rule.pattern, Pattern::End) {
            let record = Record {
                line: b"",
                fields: vec![],
                number: records,
            };
            run(rule, &record, &mut variables, &mut out);
        }
    }
    call.print(out);
    status
}

fn split_once(text: &[u8], sign: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|b| *b == sign)?;
    Some((&text[..at], &text[at + 1..]))
}

/// Cuts a text at signs that do not lie in quotes or brackets.
fn pieces(text: &[u8], is_sign: impl Fn(u8) -> bool) -> Vec<&[u8]> {
    let (mut parts, mut start, mut quoted, mut depth) = (vec![], 0, false, 0u32);
    let mut n = 0;
    while let Some(byte) = text.get(n) {
        match byte {
            b'\\' => n += 1,
            b'"' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => depth = depth.saturating_sub(1),
            _ if !quoted && depth == 0 && is_sign(*byte) && parts.len() < STATEMENTS => {
                parts.push(&text[start..n]);
                start = n + 1;
            }
            _ => {}
        }
        n += 1;
    }
    parts.push(&text[start.min(text.len())..]);
    parts
}

fn parse(program: &[u8]) -> Option<Vec<Rule>> {
    let mut rules = vec![];
    let mut rest = program.trim_ascii();
    while !rest.is_empty() && rules.len() < STATEMENTS {
        let open = pieces(rest, |b| b == b'{')[0].len();
        let (pattern, after) = rest.split_at(open);
        let (body, after) = match after.split_first() {
            Some((_, after)) => {
                let end = pieces(after, |b| b == b'}')[0].len();
                if end == after.len() {
                    return None;
                }
                (Some(&after[..end]), &after[end + 1..])
            }
            None => (None, after),
        };
        let statements = match body {
            None => vec![b"print".to_vec()],
            Some(body) => pieces(body, |b| b == b';' || b == b'\n')
                .into_iter()
                .map(|statement| statement.trim_ascii().to_vec())
                .filter(|statement| !statement.is_empty())
                .collect(),
        };
        rules.push(Rule {
            pattern: pattern_of(pattern.trim_ascii())?,
            statements,
        });
        rest = after.trim_ascii_start();
        rest = rest.strip_prefix(b";").unwrap_or(rest).trim_ascii_start();
    }
    Some(rules)
}

fn pattern_of(text: &[u8]) -> Option<Pattern> {
    let regex = |text: &[u8]| {
        let inside = text.trim_ascii().strip_prefix(b"/")?.strip_suffix(b"/")?;
        expression(inside, true, false)
    };
    Some(match text {
        b"" => Pattern::Always,
        b"BEGIN" => Pattern::Begin,
        b"END" => Pattern::End,
        [b'/', ..] => Pattern::Fits(b"$0".to_vec(), regex(text)?, true),
        _ => {
            if let Some((value, pattern)) = split_once(text, b'~') {
                let (value, wanted) = match value.strip_suffix(b"!") {
                    Some(value) => (value, false),
                    None => (value, true),
                };
                return Some(Pattern::Fits(
                    value.trim_ascii().to_vec(),
                    regex(pattern)?,
                    wanted,
                ));
            }
            let operator = ["==", "!=", ">=", "<=", ">", "<"]
                .into_iter()
                .find_map(|operator| {
                    let at = memchr::memmem::find(text, operator.as_bytes())?;
                    Some((at, operator))
                });
            match operator {
                Some((at, operator)) => Pattern::Compare(
                    text[..at].trim_ascii().to_vec(),
                    operator,
                    text[at + operator.len()..].trim_ascii().to_vec(),
                ),
                None => Pattern::Compare(text.to_vec(), "!=", b"0".to_vec()),
            }
        }
    })
}

type Variables = BTreeMap<Vec<u8>, Vec<u8>>;

fn fits(pattern: &Pattern, record: &Record<'_>, variables: &Variables) -> bool {
    match pattern {
        Pattern::Always => true,
        Pattern::Begin | Pattern::End => false,
        Pattern::Fits(value, regex, wanted) => {
            regex.is_match(&evaluate(value, record, variables)) == *wanted
        }
        Pattern::Compare(left, operator, right) => {
            let left = evaluate(left, record, variables);
            let right = evaluate(right, record, variables);
            let order = match (number(&left), number(&right)) {
                (Some(left), Some(right)) => left.partial_cmp(&right),
                _ => Some(left.cmp(&right)),
            };
            match *operator {
                "==" => order.is_some_and(std::cmp::Ordering::is_eq),
                "!=" => order.is_some_and(std::cmp::Ordering::is_ne),
                ">=" => order.is_some_and(std::cmp::Ordering::is_ge),
                "<=" => order.is_some_and(std::cmp::Ordering::is_le),
                ">" => order.is_some_and(std::cmp::Ordering::is_gt),
                _ => order.is_some_and(std::cmp::Ordering::is_lt),
            }
        }
    }
}

fn number(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

fn run(rule: &Rule, record: &Record<'_>, variables: &mut Variables, out: &mut Vec<u8>) {
    for statement in &rule.statements {
        if out.len() > 16 * OUTPUT {
            return;
        }
        if let Some(values) = statement.strip_prefix(b"printf") {
            let values: Vec<Vec<u8>> = pieces(values.trim_ascii(), |b| b == b',')
                .into_iter()
                .map(|value| evaluate(value.trim_ascii(), record, variables))
                .collect();
            let mut values = values.into_iter();
            let format = values.next().unwrap_or_default();
            let mut parts = format.split(|b| *b == b'%');
            out.extend_from_slice(parts.next().unwrap_or_default());
            for part in parts {
                out.extend(values.next().unwrap_or_default());
                let skip = part.iter().take_while(|b| !b.is_ascii_alphabetic()).count();
                out.extend_from_slice(part.get(skip + 1..).unwrap_or_default());
            }
        } else if let Some(values) = statement.strip_prefix(b"print") {
            let values = values.trim_ascii();
            let texts: Vec<Vec<u8>> = pieces(values, |b| b == b',')
                .into_iter()
                .map(|value| match value.trim_ascii() {
                    b"" => record.line.to_vec(),
                    value => evaluate(value, record, variables),
                })
                .collect();
            out.extend(texts.join(&b' '));
            out.push(b'\n');
        } else if let Some((name, value)) = split_once(statement, b'=') {
            let name = name.trim_ascii();
            let value = evaluate(value.trim_ascii(), record, variables);
            let (name, value) = match name.strip_suffix(b"+") {
                Some(name) => {
                    let name = name.trim_ascii();
                    let old = evaluate(name, record, variables);
                    let sum = number(&old).unwrap_or(0.0) + number(&value).unwrap_or(0.0);
                    (name, sum.to_string().into_bytes())
                }
                None => (name, value),
            };
            store(variables, name, value);
        } else if let Some(name) = statement.strip_suffix(b"++") {
            let old = evaluate(name, record, variables);
            let sum = number(&old).unwrap_or(0.0) + 1.0;
            store(variables, name, sum.to_string().into_bytes());
        }
    }
}

fn store(variables: &mut Variables, name: &[u8], value: Vec<u8>) {
    if value.len() <= OUTPUT && (variables.len() < VARIABLES || variables.contains_key(name)) {
        variables.insert(name.to_vec(), value);
    }
}

/// Values that stand behind one another: texts, numbers, fields and variables.
fn evaluate(text: &[u8], record: &Record<'_>, variables: &Variables) -> Vec<u8> {
    let mut value = vec![];
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        if value.len() > OUTPUT {
            break;
        }
        match first {
            b'"' => {
                let mut end = 0;
                while end < after.len() && after[end] != b'"' {
                    end += 1 + usize::from(after[end] == b'\\');
                }
                let end = end.min(after.len());
                value.extend(unescape(&after[..end]));
                rest = after.get(end + 1..).unwrap_or_default();
            }
            b'$' => {
                let length = name_length(after);
                let (name, tail) = after.split_at(length);
                rest = tail;
                let n = if name.iter().all(u8::is_ascii_digit) {
                    name.to_vec()
                } else {
                    evaluate(name, record, variables)
                };
                match std::str::from_utf8(&n)
                    .ok()
                    .and_then(|n| n.parse::<usize>().ok())
                {
                    Some(0) => value.extend_from_slice(record.line),
                    Some(n) => value
                        .extend_from_slice(record.fields.get(n - 1).copied().unwrap_or_default()),
                    None => {}
                }
            }
            _ => {
                let length = name_length(rest);
                if length == 0 {
                    rest = after;
                    continue;
                }
                let (name, tail) = rest.split_at(length);
                rest = tail;
                match name {
                    b"NF" => value.extend(record.fields.len().to_string().into_bytes()),
                    b"NR" | b"FNR" => value.extend(record.number.to_string().into_bytes()),
                    b"length" => value.extend(record.line.len().to_string().into_bytes()),
                    _ if name[0].is_ascii_digit() => value.extend_from_slice(name),
                    _ => value.extend_from_slice(variables.get(name).map_or(b"", Vec::as_slice)),
                }
            }
        }
    }
    value
}

fn name_length(text: &[u8]) -> usize {
    text.iter()
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
        .count()
}
