/** @file How fast the kernels are: `npx ts-node bench/kernels.ts`. Best of many runs, on one thread. */
import { alloc, memory } from '../src/kernels/memory';
import { type Call, convScratch, matmulScratch, program } from '../src/kernels/table';

const cells = (n: number): number => {
  const at = alloc(n * 4);
  const view = new Float32Array(memory.buffer, at, n);
  for (let i = 0; i < n; i++) view[i] = Math.random() * 2 - 1;
  return at;
};
const window = (...sizes: number[]): number => {
  const at = alloc(sizes.length * 4);
  new Int32Array(memory.buffer, at, sizes.length).set(sizes);
  return at;
};

/** Seconds of one call; many in a program, so that calling from JavaScript does not count. */
function seconds(call: Call, most = 200): number {
  const time = (copies: number, rounds: number): number => {
    const { run, free } = program(new Array<Call>(copies).fill(call));
    let best = Infinity;
    for (let i = 0; i < rounds; i++) {
      const start = performance.now();
      run();
      best = Math.min(best, performance.now() - start);
    }
    free();
    return best / 1e3 / copies;
  };
  const rough = time(1, 5);
  const copies = Math.max(1, Math.min(10000, Math.floor(1e-3 / rough)));
  return time(copies, Math.max(5, Math.min(200, Math.floor(most / 1e3 / (rough * copies)))));
}
const micros = (s: number): string => `${(s * 1e6).toFixed(s < 1e-5 ? 3 : 0)} us`;
const line = (name: string, s: number, work: number, unit: string): void =>
  console.log(name.padEnd(34), micros(s).padStart(12), `${(work / s / 1e9).toFixed(1)} ${unit}`.padStart(16));

for (const [m, k, n] of [
  [8, 4, 8],
  [64, 64, 64],
  [128, 784, 256],
  [256, 256, 256],
  [1024, 1024, 1024],
] as const) {
  const [a, b, c, room] = [cells(m * k), cells(k * n), cells(m * n), alloc(matmulScratch(m, k, n))];
  for (const [ta, tb] of [
    [0, 0],
    [1, 0],
    [0, 1],
  ] as const) {
    const s = seconds(['matmul_f32', c, a, b, m, k, n, ta, tb, room]);
    line(`matmul ${m}x${k}x${n}${ta ? ' a transposed' : ''}${tb ? ' b transposed' : ''}`, s, 2 * m * k * n, 'GFLOP/s');
  }
}

for (const n of [4, 1024, 1 << 20, 1 << 24]) {
  const [x, y, z] = [cells(n), cells(n), cells(n)];
  line(`add ${n}`, seconds(['add_f32', z, x, y, n]), 12 * n, 'GB/s');
}
const [m, n] = [4096, 256];
const [x, y, z, row, row2] = [cells(m * n), cells(m * n), cells(m * n), cells(n), cells(n)];
const [mean, variance, space] = [cells(n), cells(n), cells(3 * n)];
const one = 0x3f800000; // the bits of 1
const matrices: [string, Call, number][] = [
  ['bias_add', ['bias_add_f32', z, x, row, m, n], 8],
  ['relu', ['relu_f32', z, x, m * n], 8],
  ['exp', ['exp_f32', z, x, m * n], 8],
  ['tanh', ['tanh_f32', z, x, m * n], 8],
  ['softmax', ['softmax_f32', z, x, m, n], 8],
  ['sum, last axis', ['sum_last_f32', z, x, m, n], 4],
  ['sum, first axis', ['sum_first_f32', z, x, m, n], 4],
  ['transpose', ['transpose_f32', z, x, m, n], 8],
  ['batch_norm', ['batch_norm_f32', z, mean, variance, row, row2, x, row, row2, m, n, one], 8],
  ['batch_norm_grad', ['batch_norm_grad_f32', z, mean, variance, y, x, row, row, row2, m, n, one, space], 12],
  ['apply_adam', ['apply_adam_f32', z, x, y, row, row2, row, row, row, row, x, m * n, 0], 28],
];
for (const [name, call, bytes] of matrices) line(`${name} ${m}x${n}`, seconds(call), bytes * m * n, 'GB/s');

for (const [h, c, depth] of [
  [28, 1, 16],
  [14, 16, 32],
  [14, 64, 64],
] as const) {
  const at = window(32, h, h, c, 3, 3, h, h, 1, 1, 1, 1, 1, 1);
  const [image, filter, out] = [cells(32 * h * h * c), cells(9 * c * depth), cells(32 * h * h * depth)];
  const room = alloc(convScratch(at, depth));
  const flops = 2 * 32 * h * h * 9 * c * depth;
  const title = `32x${h}x${h}x${c} 3x3x${depth}`;
  line(`conv2d ${title}`, seconds(['conv2d_f32', out, image, filter, at, depth, room]), flops, 'GFLOP/s');
  line(`  filter_grad`, seconds(['conv2d_filter_grad_f32', filter, image, out, at, depth, room]), flops, 'GFLOP/s');
  line(`  input_grad`, seconds(['conv2d_input_grad_f32', image, filter, out, at, depth, room]), flops, 'GFLOP/s');
}
const pools = window(32, 28, 28, 16, 2, 2, 14, 14, 2, 2, 1, 1, 0, 0);
const [big, small] = [cells(32 * 28 * 28 * 16), cells(32 * 14 * 14 * 16)];
line('max_pool 32x28x28x16 by 2', seconds(['max_pool_f32', small, big, pools]), 4 * 32 * 784 * 16, 'GB/s');
line('  grad', seconds(['max_pool_grad_f32', big, big, small, pools]), 8 * 32 * 784 * 16, 'GB/s');
