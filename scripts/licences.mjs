// Writes what Skep is built from and under which licences, with their texts: licences.mjs FILE.
// Reads Cargo's own description of the dependencies, without those that only tests and builds need.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const host = /^host: (.*)$/m.exec(execFileSync('rustc', ['-vV']).toString())[1];
const platforms = [host, 'wasm32-unknown-unknown'].flatMap((name) => ['--filter-platform', name]);
const args = ['metadata', '--format-version', '1', '--locked', ...platforms];
const { packages, resolve } = JSON.parse(execFileSync('cargo', args, { maxBuffer: 1 << 28 }).toString());
const byId = new Map(packages.map((it) => [it.id, it]));
const nodes = new Map(resolve.nodes.map((it) => [it.id, it]));

const roots = packages.filter(({ name }) => ['skep-server', 'skep-sensor', 'frontend'].includes(name));
const used = new Set();
const queue = roots.map(({ id }) => id);
while (queue.length > 0) {
  const id = queue.pop();
  if (used.has(id)) continue;
  used.add(id);
  for (const { pkg, dep_kinds } of nodes.get(id).deps) {
    if (dep_kinds.some(({ kind }) => kind === null)) queue.push(pkg);
  }
}

const foreign = [...used].map((id) => byId.get(id)).filter(({ source }) => source !== null);
foreign.sort((one, other) => one.name.localeCompare(other.name) || one.version.localeCompare(other.version));

/** Each licence text once, with the packages that bring it. */
const texts = new Map();
for (const { name, version, manifest_path } of foreign) {
  const folder = path.dirname(manifest_path);
  for (const file of readdirSync(folder).sort()) {
    if (!/^(licen[cs]e|copying|notice|unlicense)/i.test(file)) continue;
    const place = path.join(folder, file);
    if (!existsSync(place)) continue;
    let text;
    try {
      text = readFileSync(place, 'utf8').replaceAll('\r\n', '\n').trim();
    } catch {
      continue; // a folder
    }
    if (!texts.has(text)) texts.set(text, new Set());
    texts.get(text).add(`${name} ${version}`);
  }
}

const line = '─'.repeat(80);
const list = foreign.map(({ name, version, license }) => `${`${name} ${version}`.padEnd(44)} ${license ?? 'see its text below'}`);
const bodies = [...texts].map(([text, names]) => `${line}\n${[...names].join(', ')}\n\n${text}\n`);
const head = 'Skep: MIT OR Apache-2.0. It is built from these libraries, whose licence texts follow.\n';
writeFileSync(process.argv[2], [head, list.join('\n'), '', ...bodies].join('\n'));
