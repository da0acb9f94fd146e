//! Follows redirections.

use super::{
    Shell,
    bounds::{Run, Streams},
    filesystem::Refusal,
    parse::{From, Redirect, To},
};

impl Shell {
    /// What a command reads, once its redirections are followed; `None` if they leave its input as it is.
    pub(super) fn input_of(
        &mut self,
        redirects: &[Redirect],
        run: &mut Run,
    ) -> Result<Option<Vec<u8>>, (Vec<u8>, Refusal)> {
        let mut input = None;
        for Redirect { to, .. } in redirects
            .iter()
            .filter(|redirect| redirect.from == From::Input)
        {
            input = Some(match to {
                To::File(word) => {
                    let name = self.expand_one(word, run);
                    let path = self.files.resolve(&self.directory, &name);
                    self.files
                        .read(&path)
                        .map(<[u8]>::to_vec)
                        .map_err(|refusal| (name, refusal))?
                }
                To::Text(word) => [self.expand_one(word, run), b"\n".to_vec()].concat(),
                To::Here(word) => self.expand_one(word, run),
                To::Append(_) | To::Other | To::Closed => vec![],
            });
        }
        Ok(input)
    }

    /// Sends what a command wrote to where its redirections lead.
    pub(super) fn redirect(
        &mut self,
        redirects: &[Redirect],
        own: Streams,
        streams: &mut Streams,
        run: &mut Run,
    ) {
        /// Where one of the two outputs goes.
        #[derive(Clone)]
        enum Sink {
            Out,
            Error,
            File(Vec<u8>),
            Nowhere,
        }
        let (mut out, mut error) = (Sink::Out, Sink::Error);
        for Redirect { from, to } in redirects
            .iter()
            .filter(|redirect| redirect.from != From::Input)
        {
            let sink = match to {
                To::Other => {
                    if *from == From::Error {
                        out.clone()
                    } else {
                        error.clone()
                    }
                }
                To::Closed | To::Text(_) | To::Here(_) => Sink::Nowhere,
                To::File(word) | To::Append(word) => {
                    let name = self.expand_one(word, run);
                    let path = self.files.resolve(&self.directory, &name);
                    match self
                        .files
                        .write(&path, b"", matches!(to, To::Append(_)), Self::now())
                    {
                        Ok(()) => Sink::File(path),
                        Err(refusal) => {
                            self.complain(
                                streams,
                                &[name.as_slice(), b": ", refusal.to_string().as_bytes()].concat(),
                            );
                            self.status = 1;
                            return;
                        }
                    }
                }
            };
            match from {
                From::Error => error = sink,
                From::Both => (out, error) = (sink.clone(), sink),
                From::Input | From::Output => out = sink,
            }
        }
        for (sink, bytes) in [(error, own.err), (out, own.out)] {
            match sink {
                Sink::Out => streams.print(&bytes),
                Sink::Error => streams.complain(&bytes),
                Sink::File(path) => {
                    // Only a full disk can be in the way by now.
                    if let Err(refusal) = self.files.write(&path, &bytes, true, Self::now()) {
                        self.complain(streams, format!("write error: {refusal}").as_bytes());
                    }
                }
                Sink::Nowhere => {}
            }
        }
    }
}
