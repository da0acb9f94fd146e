/**
 * How the console shows bytes from outside: the same rules as crates/model/src/raw.rs, written a second time so
 * that the test does not believe the program.
 */
export function visible(bytes: Buffer): string {
  let shown = '';
  for (let at = 0; at < bytes.length; ) {
    const character = characterAt(bytes, at);
    if (character === undefined) {
      shown += `\\x${hex(bytes[at] ?? 0)}`;
      at += 1;
    } else {
      shown += harmful.test(character) ? escaped(character) : character;
      at += Buffer.byteLength(character);
    }
  }
  return shown;
}

/** Controls, changes of direction, and what fonts draw as nothing. */
export const harmful =
  /[\p{Cc}\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{3164}\u{ffa0}\u{600}-\u{605}\u{6dd}\u{70f}\u{8e2}\u{180b}-\u{180f}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{206f}\u{fe00}-\u{fe0f}\u{feff}\u{fff0}-\u{fffb}\u{e000}-\u{f8ff}\u{1d173}-\u{1d17a}\u{e0000}-\u{10ffff}]/u;

function characterAt(bytes: Buffer, at: number): string | undefined {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length += 1) {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(at, at + length));
    } catch {
      // Not yet a whole character.
    }
  }
  return undefined;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 128 ? `\\x${hex(code)}` : `\\u{${code.toString(16).toUpperCase().padStart(4, '0')}}`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
