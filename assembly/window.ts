// What convolutions and pools are told by address: 14 i32 in this order. Images are NHWC; padding is that before the
// first cell (top, left), for what comes after follows from the sizes.
@unmanaged export class Window {
  n: i32; h: i32; w: i32; c: i32;  // images
  kh: i32; kw: i32;                // kernel
  oh: i32; ow: i32;                // output
  sh: i32; sw: i32;                // strides
  dh: i32; dw: i32;                // dilations
  top: i32; left: i32;             // padding
}
