/** @file tf.data.Options, as far as they decide which ops an iterator makes of a dataset. */

/** Options of a dataset; plain objects. @tensorflow tf.data.Options */
export interface Options {
  /** false: parallel stages need not keep the order; here they always do. */
  readonly experimentalDeterministic?: boolean | undefined;
  readonly experimentalOptimization?: OptimizationOptions | undefined;
}
/** @tensorflow tf.data.experimental.OptimizationOptions */
export interface OptimizationOptions extends Readonly<Partial<Record<Optimization, boolean | undefined>>> {
  /** false: only those asked for by name. */
  readonly applyDefaultOptimizations?: boolean | undefined;
  /** false: no ModelDataset op. */
  readonly autotune?: boolean | undefined;
}
const OPTIMIZATIONS = {
  filterFusion: 'filter_fusion',
  hoistRandomUniform: 'hoist_random_uniform',
  mapAndBatchFusion: 'map_and_batch_fusion',
  mapAndFilterFusion: 'map_and_filter_fusion',
  mapFusion: 'map_fusion',
  mapParallelization: 'map_parallelization',
  noopElimination: 'noop_elimination',
  parallelBatch: 'parallel_batch',
  shuffleAndRepeatFusion: 'shuffle_and_repeat_fusion',
} as const;
type Optimization = keyof typeof OPTIMIZATIONS;
const DEFAULTS: readonly Optimization[] = ['mapAndBatchFusion', 'noopElimination', 'shuffleAndRepeatFusion'];

/** What the later options say holds. */
export const mergeOptions = (a: Options, b: Options): Options => ({
  ...a,
  ...b,
  experimentalOptimization: { ...a.experimentalOptimization, ...b.experimentalOptimization },
});

/** The rewritings to ask for, by TensorFlow's names in its order. */
export function optimizationsOf(options: Options): string[] {
  const { experimentalOptimization: chosen = {}, experimentalDeterministic } = options;
  const isOn = (name: Optimization): boolean =>
    chosen[name] ?? (chosen.applyDefaultOptimizations !== false && DEFAULTS.includes(name));
  const names = (Object.keys(OPTIMIZATIONS) as Optimization[]).filter(isOn).map((name) => OPTIMIZATIONS[name]);
  return [...names.sort(), ...(experimentalDeterministic === false ? ['make_sloppy'] : [])];
}
