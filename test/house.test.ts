/** @file The house: floors, sizes and names of src (scripts/floors.mjs), and files of src/ops that may load in any order. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '..');
const OPS = join(ROOT, 'src/ops');

const floors = (...folder: string[]): string[] => {
  const { stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/floors.mjs'), ...folder]);
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
};

test('src keeps its floors, sizes and names', () => {
  expect(floors()).toEqual([]);
});

describe('a file that breaks a rule is found', () => {
  const cases: readonly [rule: string, file: string, text: string, found: string[]][] = [
    [
      'a value from above',
      'value/a.ts',
      "/** @file A. */\nimport { b } from '../graph/b';",
      ['imports upward: ../graph/b'],
    ],
    [
      'a re-export from above',
      'graph/a.ts',
      "/** @file A. */\nexport * from '../session/b';",
      ['imports upward: ../session/b'],
    ],
    ['a mere load', 'ops/a.ts', "/** @file A. */\nimport '../index';", ['imports upward: ../index']],
    [
      'several lines',
      'ops/a.ts',
      "/** @file A. */\nimport {\n  b,\n} from '../layers/b';",
      ['imports upward: ../layers/b'],
    ],
    [
      'types from above',
      'value/a.ts',
      "/** @file A. */\nimport type { B } from '../graph/b';\nimport { type C } from '../ops/c';",
      [],
    ],
    ['values from below', 'session/a.ts', "/** @file A. */\nimport { b } from '../graph/b';", []],
    ['no @file', 'value/a.ts', 'export const a = 1;', ['does not begin with /** @file']],
    ['400 lines', 'value/a.ts', `/** @file A. */\n${'\n'.repeat(398)}//\n`, []],
    ['401 lines', 'value/a.ts', `/** @file A. */\n${'\n'.repeat(399)}//\n`, ['has 401 lines, more than 400']],
    ['a long generated file', 'kernels/wasm.ts', '\n'.repeat(500), []],
    ['utils', 'value/utils.ts', '/** @file A. */', ['has a name that says nothing']],
    ['a folder without floor', 'other/a.ts', '/** @file A. */', ['lies on no floor']],
  ];
  test.each(cases)('%s', (_, file, text, found) => {
    const folder = mkdtempSync(join(tmpdir(), 'house-'));
    try {
      const path = join(folder, 'src', file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      expect(floors(folder)).toEqual(found.map((fault) => `src/${file} ${fault}`));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

// Files of src/ops need each other inside gradients, so they import in circles. That is sound as long as no file uses
// another one while it loads; then any of them may load first.
test.each(readdirSync(OPS).filter((f) => f.endsWith('.ts')))('src/ops/%s may load first', (name) => {
  jest.isolateModules(() => expect(() => require(join(OPS, name))).not.toThrow());
});
