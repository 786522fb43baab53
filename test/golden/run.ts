/** @file npm run golden -- DIR [--area NAME,...] [--json FILE]: runs cases that a real TensorFlow made. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GoldenCase, runCase } from './case';

async function main(args: string[]): Promise<number> {
  const value = (flag: string): string | undefined => {
    const at = args.indexOf(flag);
    return at < 0 ? undefined : args.splice(at, 2)[1];
  };
  const areas = value('--area')?.split(',');
  const json = value('--json');
  const ids = value('--id')?.split(',');
  const dir = args[0];
  if (!dir) {
    console.error('Give the folder of cases: npm run golden -- DIR [--area NAME,...] [--json FILE]');
    return 1;
  }
  const results: { id: string; area: string; passed: boolean; reason: string | null }[] = [];
  for (const file of readdirSync(dir).sort()) {
    if (!file.endsWith('.json')) continue;
    const golden = JSON.parse(readFileSync(join(dir, file), 'utf8')) as GoldenCase;
    if (!golden.steps || (areas && !areas.includes(golden.area)) || (ids && !ids.includes(golden.id))) continue;
    const reason = await runCase(golden, readFileSync(join(dir, file.replace(/json$/, 'meta'))));
    if (reason !== null) console.log(`FAILED ${golden.id} (${golden.area}): ${reason.split('\n')[0]}`);
    results.push({ id: golden.id, area: golden.area, passed: reason === null, reason });
  }
  if (json) writeFileSync(json, `${JSON.stringify(results, null, 1)}\n`);
  const failed = results.filter((r) => !r.passed).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  return failed > 0 || results.length === 0 ? 1 : 0;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (e) => {
    console.error(e);
    process.exitCode = 1;
  },
);
