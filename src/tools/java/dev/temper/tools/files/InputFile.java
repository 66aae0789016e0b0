package dev.temper.tools.files;

import dev.temper.io.TensorFile;
import java.util.List;

/**
 * A file of tensors that are converted on reading where a loss does not take them as they are stored: NumPy's default
 * types and its Fortran order.
 */
public interface InputFile extends TensorFile {

  /**
   * What was converted so far, one phrase for each tensor, such as {@code 'teacher' from <f8 to F32}; in the order of
   * reading.
   */
  List<String> conversions();
}
