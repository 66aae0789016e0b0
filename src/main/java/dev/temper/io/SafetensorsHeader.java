package dev.temper.io;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the JSON header of a safetensors file and checks it against the bytes that follow. */
public final class SafetensorsHeader {

  /** Describes a tensor and its bytes. The offsets count from the end of the header. */
  public record TensorRange(TensorInfo info, long begin, long end) {}

  private static final String METADATA = "__metadata__";

  /** The number of bits of one element for every type of the format. */
  private static final Map<String, Integer> BITS = Map.ofEntries(
      Map.entry("BOOL", 8), Map.entry("U8", 8), Map.entry("I8", 8), Map.entry("F8_E5M2", 8), Map.entry("F8_E4M3", 8),
      Map.entry("F8_E8M0", 8), Map.entry("F4", 4), Map.entry("F6_E2M3", 6), Map.entry("F6_E3M2", 6),
      Map.entry("I16", 16), Map.entry("U16", 16), Map.entry("F16", 16), Map.entry("BF16", 16), Map.entry("I32", 32),
      Map.entry("U32", 32), Map.entry("F32", 32), Map.entry("F64", 64), Map.entry("I64", 64), Map.entry("U64", 64),
      Map.entry("C64", 64));

  private final JsonText json;
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private SafetensorsHeader(JsonText json) {
    this.json = json;
  }

  /**
   * Returns the tensors of a header in its order.
   *
   * @param dataBytes number of bytes after the header, which the tensors must fill without gap or overlap
   * @throws IllegalArgumentException if the header violates the format
   */
  public static Map<String, TensorRange> parse(String header, long dataBytes) {
    if (!header.startsWith("{")) {
      throw new IllegalArgumentException("header does not begin with '{'; this is not a safetensors file");
    }
    Map<String, TensorRange> entries = new SafetensorsHeader(new JsonText(header)).entries();
    requireFilled(entries.values(), dataBytes);
    return entries;
  }

  /**
   * Returns the metadata of a header, which are empty if it has none.
   *
   * @throws IllegalArgumentException if the header violates the format
   */
  static Map<String, String> metadata(String header) {
    SafetensorsHeader parsed = new SafetensorsHeader(new JsonText(header));
    Map<String, TensorRange> _ = parsed.entries();
    return parsed.metadata;
  }

  private Map<String, TensorRange> entries() {
    Map<String, TensorRange> entries = new LinkedHashMap<>();
    Set<String> names = new HashSet<>();
    json.expect('{');
    for (boolean first = true; json.next(first, '}'); first = false) {
      String name = name(names);
      if (name.equals(METADATA)) {
        readMetadata();
      } else {
        entries.put(name, entry(name));
      }
    }
    if (!json.isAtEnd()) {
      throw new IllegalArgumentException("header goes on after its closing '}'");
    }
    return entries;
  }

  /**
   * Reads the name of the next member of an object. A duplicate name is refused, because two readers could use
   * different members.
   */
  private String name(Set<String> before) {
    String name = json.name();
    if (!before.add(name)) {
      throw json.invalid("duplicate name " + Quoted.of(name));
    }
    return name;
  }

  private void readMetadata() {
    require(json.accept('{'), METADATA, "is not an object");
    Set<String> keys = new HashSet<>();
    for (boolean first = true; json.next(first, '}'); first = false) {
      String key = name(keys);
      require(json.isNext('"'), METADATA, "has a value that is not a string, at key " + Quoted.of(key));
      metadata.put(key, json.string());
    }
  }

  private TensorRange entry(String name) {
    require(json.accept('{'), name, "is not an object with dtype, shape and data_offsets");
    String dtype = null;
    List<Long> shape = null;
    List<Long> offsets = null;
    Set<String> keys = new HashSet<>();
    for (boolean first = true; json.next(first, '}'); first = false) {
      String key = name(keys);
      switch (key) {
        case "dtype" -> {
          require(json.isNext('"'), name, "has a dtype that is not a string");
          dtype = json.string();
        }
        case "shape" -> shape = sizes(name, key, TensorInfo.MAX_RANK);
        case "data_offsets" -> offsets = sizes(name, key, 2);
        default -> throw new IllegalArgumentException(
            "tensor " + Quoted.of(name) + " has unknown key " + Quoted.of(key) + "; known: dtype, shape, data_offsets");
      }
    }
    return check(name, present(name, "dtype", dtype), present(name, "shape", shape),
        present(name, "data_offsets", offsets));
  }

  private List<Long> sizes(String name, String key, int most) {
    require(json.accept('['), name, "has " + key + " that is not an array");
    List<Long> sizes = new ArrayList<>();
    for (boolean first = true; json.next(first, ']'); first = false) {
      long size = json.wholeNumber(
          "tensor " + Quoted.of(name) + " has " + key + " with a value that is not a whole number");
      require(size >= 0, name, "has " + key + " with the negative number " + size);
      require(sizes.size() < most, name, "has " + key + " with more than " + most + " numbers");
      sizes.add(size);
    }
    return sizes;
  }

  private static TensorRange check(String name, String dtype, List<Long> shape, List<Long> offsets) {
    require(offsets.size() == 2, name, "has data_offsets " + offsets + ", expected [begin, end]");
    long begin = offsets.get(0);
    long end = offsets.get(1);
    require(begin <= end, name, "has data_offsets " + offsets + " that end before they begin");
    TensorInfo info;
    try {
      info = new TensorInfo(name, dtype, shape);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("tensor " + Quoted.of(name) + ": " + e.getMessage(), e);
    }
    Integer bits = BITS.get(dtype);
    if (bits != null) {
      long high = Math.multiplyHigh(info.elements(), bits);
      long needed = info.elements() * bits;
      require(high == 0 && needed >= 0 && needed % 8 == 0 && needed / 8 == end - begin, name,
          "is " + info.describe() + ", which does not take the " + (end - begin) + " bytes of its data_offsets "
              + offsets);
    }
    return new TensorRange(info, begin, end);
  }

  private static void requireFilled(Iterable<TensorRange> entries, long dataBytes) {
    List<TensorRange> ordered = new ArrayList<>();
    entries.forEach(ordered::add);
    ordered.sort(Comparator.comparingLong(TensorRange::begin).thenComparingLong(TensorRange::end));
    long filled = 0;
    for (TensorRange entry : ordered) {
      String name = entry.info().name();
      require(entry.end() <= dataBytes, name, "ends at byte " + entry.end() + ", but only " + dataBytes
          + " bytes follow the header; the file is truncated or hostile");
      require(entry.begin() >= filled, name,
          "begins at byte " + entry.begin() + " and overlaps another tensor, which ends at " + filled);
      require(entry.begin() == filled, name,
          "begins at byte " + entry.begin() + " and leaves a gap after byte " + filled);
      filled = entry.end();
    }
    if (filled != dataBytes) {
      throw new IllegalArgumentException((dataBytes - filled) + " bytes follow the last tensor, expected none");
    }
  }

  private static <V> V present(String name, String key, @Nullable V value) {
    if (value == null) {
      throw new IllegalArgumentException("tensor " + Quoted.of(name) + " has no " + key);
    }
    return value;
  }

  private static void require(boolean holds, String name, String fault) {
    if (!holds) {
      throw new IllegalArgumentException("tensor " + Quoted.of(name) + " " + fault);
    }
  }
}
