/** @file Rows of a table by ids: embed_sequence. */
import { GraphError } from '../../errors';
import { graphOf, type TensorLike } from '../../graph/convert';
import type { Tensor } from '../../graph/operation';
import type { Regularizer } from '../../layers/base';
import { reshape, shapeOf } from '../../ops/array';
import { embeddingLookup } from '../../ops/embedding';
import { gather, unique as uniqueOf } from '../../ops/gather';
import { concat } from '../../ops/join';
import { reduceProd } from '../../ops/reduce';
import { s as slice } from '../../ops/slice';
import type { InitializerLike, Reuse, VariableScope } from '../../ops/variable_scope';
import type { Variable } from '../../ops/variables';
import { modelVariable } from '../framework/variables';
import { labelsOf } from './core';
import { inScope } from './parameters';

export interface EmbedSequenceOptions {
  readonly vocabSize?: number | null | undefined;
  readonly embedDim?: number | null | undefined;
  /** Looks each id up once, however often it occurs. */
  readonly unique?: boolean | undefined;
  readonly initializer?: InitializerLike | null | undefined;
  readonly regularizer?: Regularizer | null | undefined;
  readonly trainable?: boolean | undefined;
  readonly scope?: string | VariableScope | null | undefined;
  readonly reuse?: Reuse | null | undefined;
}
/**
 * Rows of a table `embeddings` [vocabSize, embedDim] by ids. Raises Value where neither sizes nor reuse are given.
 * @tensorflow tf.contrib.layers.embed_sequence
 */
export function embedSequence(ids: TensorLike, options: EmbedSequenceOptions = {}): Tensor {
  const { vocabSize = null, embedDim = null, unique = false, initializer, regularizer, trainable, reuse } = options;
  if (!reuse && !(vocabSize && embedDim)) {
    const show = (n: number | null) => n ?? 'None';
    throw new GraphError(
      'Value',
      `Must specify vocab size and embedding dimension when not reusing. Got vocab_size=${show(vocabSize)} and embed_dim=${show(embedDim)}`,
    );
  }
  return inScope(options, 'EmbedSequence', [ids], () => {
    const shape = (reuse && vocabSize === null) || embedDim === null ? undefined : [vocabSize, embedDim];
    const table = modelVariable('embeddings', { shape, initializer, regularizer, trainable });
    return unique ? embeddingLookupUnique(table, ids) : embeddingLookup(table, ids);
  });
}

/** Embedding lookup of each id once. @tensorflow tf.contrib.layers.embedding_lookup_unique */
export function embeddingLookupUnique(
  params: TensorLike | Variable,
  ids: TensorLike,
  { name = 'EmbeddingLookupUnique' }: { readonly name?: string } = {},
): Tensor {
  return graphOf([params, ids]).nameScope(name, () => {
    const given = labelsOf(ids);
    const shape = shapeOf(given);
    const { y, idx } = uniqueOf(reshape(given, reduceProd(shape, { keepdims: true })));
    const rows = embeddingLookup(params as TensorLike, y);
    const flat = gather(rows, idx);
    const out = reshape(flat, concat([shape, shapeOf(rows).at(slice(1))], 0));
    if (given.shape && rows.shape) out.setShape([...given.shape, ...rows.shape.slice(1)]);
    return out;
  });
}
