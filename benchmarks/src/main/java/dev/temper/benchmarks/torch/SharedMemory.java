package dev.temper.benchmarks.torch;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.RowVector;
import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Views of the same memory as PyTorch's tensors and as Temper's matrices, without a copy in either direction. */
public final class SharedMemory {

  private SharedMemory() {}

  /**
   * Temper's view of a tensor; valid as long as the tensor is.
   *
   * @param tensor [rows, classes] in CPU memory, contiguous, float32, bfloat16 or float16
   */
  public static HostMatrix matrix(Tensor tensor) {
    if (tensor.dim() != 2 || !tensor.is_contiguous()) {
      throw new IllegalArgumentException("tensor has " + tensor.dim() + " dimensions, contiguous: "
          + tensor.is_contiguous() + "; expected a contiguous [rows, classes], call contiguous() first");
    }
    return HostMatrix.of(segment(tensor), tensor.size(0), Math.toIntExact(tensor.size(1)), dtype(tensor));
  }

  /** Temper's view of a vector of int64 labels; valid as long as the tensor is. */
  public static RowVector labels(Tensor tensor) {
    return RowVector.labels(segment(tensor), tensor.numel(), dtype(tensor));
  }

  /** PyTorch's view of a matrix whose rows follow one another; valid as long as the memory is. */
  public static Tensor tensor(HostMatrix matrix) {
    return tensor(matrix.segment(), matrix.dtype(), matrix.rows(), matrix.classes());
  }

  /** PyTorch's view of a vector; valid as long as the memory is. */
  public static Tensor tensor(RowVector.Host vector) {
    return tensor(vector.segment(), vector.dtype(), vector.length());
  }

  private static Tensor tensor(MemorySegment segment, DType dtype, long... sizes) {
    TensorOptions options = new TensorOptions().dtype(new ScalarTypeOptional(scalarType(dtype)));
    return torch.from_blob(new Pointer(segment.asByteBuffer()), sizes, options);
  }

  private static MemorySegment segment(Tensor tensor) {
    return MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(tensor.nbytes());
  }

  private static DType dtype(Tensor tensor) {
    // The binding returns a new object at each call; intern() is the constant of the same value.
    ScalarType type = tensor.scalar_type().intern();
    return switch (type) {
      case Float -> DType.F32;
      case BFloat16 -> DType.BF16;
      case Half -> DType.F16;
      case Int -> DType.I32;
      case Long -> DType.I64;
      default -> throw new IllegalArgumentException("tensor has dtype " + type
          + ", expected float32, bfloat16, float16, int32 or int64");
    };
  }

  private static ScalarType scalarType(DType dtype) {
    return switch (dtype) {
      case F32 -> ScalarType.Float;
      case BF16 -> ScalarType.BFloat16;
      case F16 -> ScalarType.Half;
      case I32 -> ScalarType.Int;
      case I64 -> ScalarType.Long;
    };
  }
}
