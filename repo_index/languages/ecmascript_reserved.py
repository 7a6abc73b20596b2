"""Reserved words of JavaScript and TypeScript, and names that the language and its hosts provide."""

from __future__ import annotations

#: words that cannot be identifiers in a module (strict code), and those with a meaning of their own there
RESERVED = frozenset(
    "break case catch class const continue debugger default delete do else enum export extends false finally for "
    "function if import in instanceof new null return super switch this throw true try typeof var void while with "
    "yield let static implements interface package private protected public await async arguments eval undefined "
    "NaN Infinity".split()
)

GLOBALS = frozenset(
    "AbortController AbortSignal AggregateError Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Blob "
    "Boolean Buffer CustomEvent DOMException DataView Date Document Element Error EvalError Event EventTarget File "
    "FinalizationRegistry Float32Array Float64Array FormData Function HTMLElement Headers Int16Array Int32Array "
    "Int8Array Intl Iterator JSON Map Math Node NodeJS Number Object Promise Proxy RangeError ReadableStream "
    "ReferenceError Reflect RegExp Request Response Set SharedArrayBuffer String Symbol SyntaxError TextDecoder "
    "TextEncoder TypeError URIError URL URLSearchParams Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap "
    "WeakRef WeakSet WebAssembly WebSocket Worker XMLHttpRequest alert atob btoa cancelAnimationFrame clearImmediate "
    "clearInterval clearTimeout console crypto decodeURI decodeURIComponent document encodeURI encodeURIComponent "
    "escape exports fetch global globalThis history isFinite isNaN localStorage location module navigator parseFloat "
    "parseInt performance process queueMicrotask requestAnimationFrame require self sessionStorage setImmediate "
    "setInterval setTimeout structuredClone unescape window __dirname __filename undefined NaN Infinity arguments eval "
    # types
    "AsyncGenerator AsyncIterable AsyncIterator Awaited Capitalize ConstructorParameters Exclude Extract Generator "
    "InstanceType Iterable IterableIterator JSX Lowercase NonNullable Omit OmitThisParameter Parameters Partial Pick "
    "PromiseLike PropertyKey PropertyDescriptor Readonly ReadonlyArray ReadonlyMap ReadonlySet Record Required "
    "ReturnType ThisParameterType ThisType Uncapitalize Uppercase ArrayLike "
    "any bigint boolean never number object string symbol unknown void".split()
)
