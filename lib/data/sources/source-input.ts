/** What rows can be read from. */

/**
 * A path; a glob, which is a string with glob characters that names no file; a `file:` URL; an array of these; bytes in
 * memory; or a stream: a Node `Readable` of bytes or text, a web `ReadableStream` such as `(await fetch(url)).body`,
 * any iterable of bytes or text.
 */
export type SourceInput =
  | string
  | URL
  | readonly (string | URL)[]
  | Uint8Array
  | NodeJS.ReadableStream
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>;
