/** @file tf.image */
export { resizeBilinear, resizeImages, resizeNearestNeighbor } from '../ops/image';
