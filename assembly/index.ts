// Every export here becomes a row of the kernel table under its own name.
export * from "./array";
export * from "./conv";
export * from "./elementwise";
export * from "./matmul";
export * from "./nn";
export * from "./optimize";
export * from "./pool";
export * from "./reduce";
export * from "./unary";
export { interpret } from "./interpret";
