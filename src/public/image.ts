/** @file tf.image */

export { extractImagePatches } from '../ops/extract_patches';
export { resizeBilinear, resizeImages, resizeNearestNeighbor } from '../ops/image';
export { cropAndResize, nonMaxSuppression } from '../ops/image_boxes';
export {
  adjustBrightness,
  adjustContrast,
  adjustGamma,
  adjustHue,
  adjustSaturation,
  convertImageDtype,
  grayscaleToRgb,
  perImageStandardization,
  randomBrightness,
  randomContrast,
  randomHue,
  randomSaturation,
  rgbToGrayscale,
} from '../ops/image_color';
export { hsvToRgb, rgbToHsv } from '../ops/image_color_ops';
export {
  centralCrop,
  cropToBoundingBox,
  padToBoundingBox,
  resizeWithCropOrPad,
  resizeWithCropOrPad as resizeImageWithCropOrPad,
} from '../ops/image_crops';
export { flipLeftRight, flipUpDown, randomFlipLeftRight, randomFlipUpDown, rot90, transpose } from '../ops/image_flips';
export { imageGradients, psnr, totalVariation } from '../ops/image_measures';
export { resizeArea, resizeBicubic } from '../ops/image_resize';
