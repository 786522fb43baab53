/** @file TFLearn's distances between tensors. */
import type { Tensor } from '../graph/operation';
import { matmul } from '../ops/linear';
import { reduceSum } from '../ops/reduce';
import { sqrt, square } from '../ops/unary';

/** sqrt(sum((a - b)^2)) along the first dimension, as tflearn.distances.euclidean. */
export const euclidean = (a: Tensor, b: Tensor): Tensor => sqrt(reduceSum(square(a.sub(b)), 0));
/** 1 - a . b for rows and columns of length 1, as tflearn.distances.cosine. */
export const cosine = (a: Tensor, b: Tensor): Tensor => matmul(a, b).rsub(1);
