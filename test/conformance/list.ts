/**
 * @file Lists the cases of ../shared/conformance/cases.json without a test, runs the conformance tests, counts both.
 * `npm run conformance`; SLUICE_SHARED names the shared folder where it lies elsewhere.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');
const SHARED = resolve(process.env.SLUICE_SHARED ?? join(ROOT, '../shared'));
const CASES = join(SHARED, 'conformance/cases.json');

interface Case {
  readonly id: string;
  readonly area: string;
  readonly what: string;
}

/** Ids in the titles of the tests that are written here, whether they run or not. */
function writtenIds(): Set<string> {
  const files = readdirSync(__dirname).filter((name) => name.endsWith('.test.ts'));
  const text = files.map((name) => readFileSync(join(__dirname, name), 'utf8')).join('\n');
  return new Set([...text.matchAll(/\(\s*['"`]([a-z_]+-\d+): /g)].map((match) => match[1]!));
}

function listMissing(): number {
  if (!existsSync(CASES)) {
    console.log(`no cases at ${CASES} (set SLUICE_SHARED): running the tests only`);
    return 0;
  }
  const cases = JSON.parse(readFileSync(CASES, 'utf8')) as Case[];
  const written = writtenIds();
  const missing = cases.filter(({ id }) => !written.has(id));
  console.log(`${cases.length} cases, ${cases.length - missing.length} with a test`);
  for (const area of new Set(missing.map((c) => c.area))) {
    console.log(`without a test, ${area}:`);
    for (const { id, what } of missing.filter((c) => c.area === area)) {
      console.log(`  ${id}: ${what}`);
    }
  }
  return missing.length;
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

/** What jest says of each test; a file that does not even load fails as one. */
function runTests(): { passed: number; failed: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
  const file = join(folder, 'report.json');
  const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
  try {
    spawnSync(process.execPath, [jest, 'test/conformance', '--json', `--outputFile=${file}`], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as Report;
    const tests = testResults.flatMap((r) => r.assertionResults);
    const broken = testResults.filter((r) => r.assertionResults.length === 0).map((r) => `${r.name}: ${r.message}`);
    return {
      passed: tests.filter((t) => t.status === 'passed').length,
      failed: [...broken, ...tests.filter((t) => t.status !== 'passed').map((t) => t.title)],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const missing = listMissing();
const { passed, failed } = runTests();
for (const title of failed) console.log(`failed: ${title}`);
const total = missing + failed.length;
console.log(`${passed} passed, ${total} failed`);
process.exitCode = total > 0 ? 1 : 0;
