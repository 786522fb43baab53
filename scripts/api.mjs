/**
 * @file docs/api.md from the TSDoc of what src/index.ts exports: the TensorFlow symbol of each (its @tensorflow tag), and
 * which symbols of TensorFlow 1.15.5 (tensorflow_symbols.txt: a symbol and its other names a line) are missing.
 * `node scripts/api.mjs` writes the file, `--check` says whether it is up to date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const OUT = path('docs/api.md');

const lines = readFileSync(path('scripts/tensorflow_symbols.txt'), 'utf8').trim().split('\n');
/** Any name of a symbol -> all of them. */
const symbols = new Map(lines.flatMap((line) => line.split(' ').map((name) => [name, line.split(' ')])));

const config = ts.parseJsonConfigFileContent(
  ts.readConfigFile(path('tsconfig.json'), ts.sys.readFile).config,
  ts.sys,
  path(''),
);
const program = ts.createProgram([path('src/index.ts')], config.options);
const checker = program.getTypeChecker();

const resolved = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
const isNamespace = (symbol) => (symbol.flags & ts.SymbolFlags.ValueModule) !== 0;
const firstSentence = (symbol) =>
  ts
    .displayPartsToString(symbol.getDocumentationComment(checker))
    .replace(/\s+/g, ' ')
    .match(/^.*?[.:](?=\s|$)|^.*$/)[0]
    .replace(/:$/, '.');
const tagsOf = (symbol) =>
  symbol
    .getJsDocTags(checker)
    .filter((tag) => tag.name === 'tensorflow')
    .map((tag) => ts.displayPartsToString(tag.text).trim().split(/\s/)[0]);

/** INFO stays, setVerbosity is set_verbosity. */
const snake = (name) => (/[a-z]/.test(name) ? name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`) : name);
/** Every public name with what its TSDoc says. */
const found = [];
function walk(module, prefix) {
  for (const symbol of checker.getExportsOfModule(module)) {
    const target = resolved(symbol);
    const name = `${prefix}.${symbol.name}`;
    if (isNamespace(target)) walk(target, symbol.name === 'tflearn' && prefix === 'tf' ? 'tflearn' : name);
    else if (target.flags & ts.SymbolFlags.Value) {
      const tags = tagsOf(target);
      const isLogging = name === 'tf.logging';
      if (!isLogging) found.push({ name, symbol: target, tags });
      // Members need no tag of their own where they are called as in TensorFlow.
      const like = isLogging ? name : target.flags & ts.SymbolFlags.Type ? tags[0] : undefined;
      if (like === undefined) continue;
      const type = isLogging ? checker.getTypeOfSymbol(target) : checker.getDeclaredTypeOfSymbol(target);
      for (const member of type.getProperties()) {
        const theirs = `${like}.${snake(member.name)}`;
        const own = symbols.has(theirs) ? [theirs] : tagsOf(member);
        if (own.length > 0) found.push({ name: `${name}.${member.name}`, symbol: member, tags: own });
      }
    }
  }
}
walk(checker.getSymbolAtLocation(program.getSourceFile(path('src/index.ts'))), 'tf');

const faults = [];
/** TensorFlow symbol -> the names here, and what they do. */
const here = new Map();
for (const { name, symbol, tags } of found) {
  for (const tag of tags) {
    const all = symbols.get(tag);
    if (!all) faults.push(`${name}: TensorFlow 1.15.5 has no ${tag}`);
    const key = all?.[0] ?? tag;
    const row = here.get(key) ?? { names: [], text: firstSentence(symbol) };
    row.names.push(name);
    here.set(key, row);
  }
}
const own = found.filter(({ tags }) => tags.length === 0);
const moduleOf = (name) => name.replace(/\.[^.]*$/, '');
const byModule = (names) => {
  const groups = new Map();
  for (const name of [...names].sort()) groups.set(moduleOf(name), [...(groups.get(moduleOf(name)) ?? []), name]);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
};
const code = (name) => `\`${name}\``;
const cell = (text) => text.replaceAll('|', '\\|');
const missing = lines.map((line) => line.split(' ')[0]).filter((name) => !here.has(name));

const parts = [
  '# TensorFlow 1.x symbols and those of sluice',
  '',
  'Made by `npm run api` from the TSDoc of what `src/index.ts` exports. Names are those of TensorFlow 1.15.5 and TFLearn 0.5.0;',
  `${here.size} are here, ${missing.length} of those looked at are not. Arguments that Python takes by position come first, one object`,
  'with the others, in camelCase, comes last.',
];
for (const [module, names] of byModule(here.keys())) {
  parts.push('', `## ${module}`, '', '| TensorFlow | sluice | |', '| --- | --- | --- |');
  for (const name of names) {
    const { names: mine, text } = here.get(name);
    parts.push(`| ${code(name)} | ${[...new Set(mine)].map(code).join(', ')} | ${cell(text)} |`);
  }
}
parts.push('', '## Of sluice alone', '', '| sluice | |', '| --- | --- |');
for (const { name, symbol } of own.sort((a, b) => (a.name < b.name ? -1 : 1))) {
  parts.push(`| ${code(name)} | ${cell(firstSentence(symbol))} |`);
}
parts.push('', '## Missing', '');
parts.push(
  'What follows exists in TensorFlow 1.15.5 or TFLearn 0.5.0 and not here. A graph that uses such an operation can be imported;',
);
parts.push('running it is an error that names the operation.');
for (const [module, names] of byModule(missing)) {
  parts.push('', `### ${module}`, '', names.map((n) => code(n.slice(module.length + 1))).join(' '));
}
const text = `${parts.join('\n')}\n`;

for (const fault of faults) console.error(fault);
if (process.argv.includes('--check')) {
  if (!existsSync(OUT) || readFileSync(OUT, 'utf8') !== text) faults.push('docs/api.md is out of date: npm run api');
  if (faults.length > 0) console.error(faults.at(-1));
} else {
  writeFileSync(OUT, text);
  console.log(`${here.size} symbols of TensorFlow here, ${missing.length} missing, ${own.length} of sluice alone`);
}
process.exitCode = faults.length > 0 ? 1 : 0;
