/** @file npm run parity -- DIR [--programs DIR]: compares the graphs our programs build with TensorFlow's, node by node. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkProgram, type ParityGraph, type ParityValues } from './program';

async function main(args: string[]): Promise<number> {
  const value = (flag: string): string | undefined => {
    const at = args.indexOf(flag);
    return at < 0 ? undefined : args.splice(at, 2)[1];
  };
  const programs = resolve(value('--programs') ?? __dirname);
  const ids = value('--id')?.split(',');
  const dir = args[0];
  if (!dir) {
    console.error('Give the folder of graphs: npm run parity -- DIR [--programs DIR]');
    return 1;
  }
  let passed = 0;
  let failed = 0;
  for (const file of readdirSync(dir).sort()) {
    if (!file.endsWith('.json') || file.endsWith('.values.json')) continue;
    const id = file.replace(/\.json$/, '');
    if (ids && !ids.includes(id)) continue;
    const graph = JSON.parse(readFileSync(join(dir, file), 'utf8')) as ParityGraph;
    if (!graph.nodes) continue;
    const valuesFile = join(dir, `${id}.values.json`);
    const values = existsSync(valuesFile) ? (JSON.parse(readFileSync(valuesFile, 'utf8')) as ParityValues) : null;
    const program = join(programs, `${id}.ts`);
    const wrong = existsSync(program) ? await checkProgram(program, graph, values) : `no program ${id}.ts`;
    if (wrong === null) passed++;
    else {
      failed++;
      console.log(`FAILED ${id}: ${wrong.split('\n')[0]}`);
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
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
