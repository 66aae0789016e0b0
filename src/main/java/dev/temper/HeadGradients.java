package dev.temper;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The memory for the gradients with respect to weight and bias of a head, and whether each gradient is added to its
 * content.
 */
record HeadGradients(@Nullable MatrixView weight, boolean addsToWeight, @Nullable MatrixView bias,
    boolean addsToBias) {

  static final HeadGradients NONE = new HeadGradients(null, false, null, false);

  HeadGradients withWeight(@Nullable MatrixView value, boolean added) {
    return new HeadGradients(value, added, bias, addsToBias);
  }

  HeadGradients withBias(@Nullable MatrixView value, boolean added) {
    return new HeadGradients(weight, addsToWeight, value, added);
  }

  Map<String, @Nullable Object> values() {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put(addsToWeight ? "weightGradientAddedTo" : "weightGradient", weight);
    values.put(addsToBias ? "biasGradientAddedTo" : "biasGradient", bias);
    return values;
  }
}
