#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn words(line: &str) -> Vec<Vec<String>> {
    let show = |piece: &Piece| match piece {
        Piece::Text(text, _) => String::from_utf8_lossy(text).into_owned(),
        Piece::Variable(name, _) => format!("<{}>", String::from_utf8_lossy(name)),
        Piece::Substitution(line, _) => format!("<({})>", String::from_utf8_lossy(line)),
        Piece::Arithmetic(line) => format!("<(({}))>", String::from_utf8_lossy(line)),
        Piece::Process(line) => format!("<<({})>", String::from_utf8_lossy(line)),
    };
    let list = parse(line.as_bytes()).unwrap();
    let commands = list.iter().flat_map(|(_, pipeline)| &pipeline.commands);
    let bodies = commands.flat_map(|command| match &command.body {
        Body::Simple(words) => vec![words.clone()],
        Body::Subshell(list) => list
            .iter()
            .flat_map(|(_, pipeline)| pipeline.commands.iter().map(simple).collect::<Vec<_>>())
            .collect(),
        other => panic!("{other:?}"),
    });
    bodies
        .map(|words| {
            words
                .iter()
                .map(|word| word.iter().map(show).collect())
                .collect()
        })
        .collect()
}

fn simple(command: &Command) -> Vec<Word> {
    match &command.body {
        Body::Simple(words) => words.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn quotes_escapes_and_variables_make_words() {
    assert_eq!(
        words(r#"echo 'a b' "c $HOME" d\ e $? "" ~/x a~ $"#),
        [[
            "echo", "a b", "c <HOME>", "d e", "<?>", "", "<HOME>/x", "a~", "$"
        ]]
    );
    assert_eq!(
        words("a $(b $(c) ')') `d` $((1+(2))) ${X:-y}z"),
        [["a", "<(b $(c) ')')>", "<(d)>", "<((1+(2)))>", "<X:-y>z"]]
    );
    assert_eq!(
        words("cd /tmp||cd /var;(ls)&& id # not this"),
        [
            vec!["cd", "/tmp"],
            vec!["cd", "/var"],
            vec!["ls"],
            vec!["id"]
        ]
    );
}

#[test]
fn links_and_redirections_are_told_apart() {
    let list = parse(b"a && b || c | d >x 2>&1 >> y 2>/dev/null < z").unwrap();
    assert_eq!(
        list.iter()
            .map(|(link, p)| (*link, p.commands.len()))
            .collect::<Vec<_>>(),
        [(Link::Always, 1), (Link::And, 1), (Link::Or, 2)]
    );
    let redirects = &list[2].1.commands[1].redirects;
    assert_eq!(redirects.len(), 5);
    assert_eq!(
        redirects[1],
        Redirect {
            from: From::Error,
            to: To::Other
        }
    );
    assert_eq!(parse(b">x").unwrap()[0].1.commands[0].redirects.len(), 1);
    assert_eq!(
        simple(&parse(b"echo 2>x").unwrap()[0].1.commands[0]).len(),
        1
    );
    assert_eq!(
        simple(&parse(b"echo 12 >x").unwrap()[0].1.commands[0]).len(),
        2
    );
}

#[test]
fn broken_lines_say_where() {
    assert_eq!(parse(b"echo 'a"), Err(Syntax::Unclosed(b'\'')));
    assert_eq!(parse(b"echo $(a"), Err(Syntax::Unclosed(b')')));
    assert_eq!(parse(b"| a"), Err(Syntax::Unexpected(b"|".to_vec())));
    assert_eq!(parse(b"; a"), Err(Syntax::Unexpected(b";".to_vec())));
    assert_eq!(parse(b"a &&"), Err(Syntax::End));
    assert_eq!(parse(b"a >"), Err(Syntax::Unexpected(b"newline".to_vec())));
    assert_eq!(parse(&b"a ".repeat(TOKENS + 1)), Err(Syntax::TooLong));
    assert_eq!(parse(b"  "), Ok(vec![]));
}

proptest! {
    #[test]
    fn no_line_panics(line: Vec<u8>) {
        let _ = parse(&line);
    }

    #[test]
    fn no_line_of_shell_signs_panics(line in r#"[$(){}'"`\\<>|&;#~a0-2? \n-]{0,60}"#) {
        let _ = parse(line.as_bytes());
    }
}
