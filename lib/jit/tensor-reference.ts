/** A tensor as a pickle of PyTorch's names it: which elements of which storage. */
import type { DType } from "../tensor/dtype";

/** PyTorch's classes of storages, and the bytes of an element. */
const STORAGES = {
  DoubleStorage: { dtype: "float64", bytes: 8 },
  FloatStorage: { dtype: "float32", bytes: 4 },
  HalfStorage: { dtype: "float16", bytes: 2 },
  BFloat16Storage: { dtype: "bfloat16", bytes: 2 },
  LongStorage: { dtype: "int64", bytes: 8 },
  IntStorage: { dtype: "int32", bytes: 4 },
  ShortStorage: { dtype: "int16", bytes: 2 },
  CharStorage: { dtype: "int8", bytes: 1 },
  ByteStorage: { dtype: "uint8", bytes: 1 },
  BoolStorage: { dtype: "bool", bytes: 1 },
  ComplexFloatStorage: { dtype: "complex64", bytes: 8 },
  ComplexDoubleStorage: { dtype: "complex128", bytes: 16 },
} as const satisfies Readonly<Record<string, { readonly dtype: DType; readonly bytes: number }>>;

export type StorageClass = keyof typeof STORAGES;

/** Elements in a row, all of one dtype. */
export interface StorageReference {
  readonly class: StorageClass;
  /** Its name in the archive, `data/<key>`. */
  readonly key: string;
  /** Elements. */
  readonly size: number;
}

export function isStorageClass(name: string): name is StorageClass {
  return Object.hasOwn(STORAGES, name);
}

/** The class that holds a dtype; undefined for those that have none. */
export function storageClassOf(dtype: DType): StorageClass | undefined {
  return (Object.keys(STORAGES) as StorageClass[]).find((name) => STORAGES[name].dtype === dtype);
}

export class TensorReference {
  constructor(
    readonly storage: StorageReference,
    readonly shape: readonly number[],
    /** Elements of the storage from one element of a dimension to the next. */
    readonly strides: readonly number[],
    /** Elements of the storage before the first. */
    readonly offset = 0,
  ) {}

  get dtype(): DType {
    return STORAGES[this.storage.class].dtype;
  }

  get numel(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }

  get elementBytes(): number {
    return STORAGES[this.storage.class].bytes;
  }

  /** Bytes of the whole storage. */
  get storageBytes(): number {
    return this.storage.size * this.elementBytes;
  }

  /** Elements of the storage from the first of the tensor's to the last. */
  get span(): number {
    return this.numel === 0
      ? 0
      : this.shape.reduce((last, size, i) => last + (size - 1) * (this.strides[i] as number), 1);
  }

  /** Whether its elements lie in order, without gaps. */
  get isContiguous(): boolean {
    let step = 1;
    for (let i = this.shape.length - 1; i >= 0; i--) {
      if (this.shape[i] !== 1 && this.strides[i] !== step) return false;
      step *= this.shape[i] as number;
    }
    return true;
  }
}
