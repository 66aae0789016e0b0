package dev.temper.tools.files;

import dev.temper.io.TensorFile;
import java.util.List;

/**
 * A file of tensors. Tensors that a loss cannot read as they are stored, in NumPy's default types or Fortran order, are
 * converted.
 */
public interface InputFile extends TensorFile {

  /**
   * Returns one phrase for each converted tensor in the order of reading, such as {@code 'teacher' from <f8 to F32}.
   */
  List<String> conversions();
}
