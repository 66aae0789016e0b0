package dev.temper.kernel.spec;

import dev.temper.DType;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.spi.layout.DivergencePolicy;
import dev.temper.spi.layout.Pass;
import dev.temper.spi.layout.PrimitiveParameters.Primitive;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The specialisations that a build compiles for a device, a selection of all that calls can choose there. Every type,
 * divergence, part, pass and plan occurs in the list, and so does every pair of choices without the plan. Pairs with a
 * plan occur as far as the limit of the list allows.
 */
public final class SpecialisationList {

  private static final int LOSSES = 60;
  private static final int PRIMITIVES = 22;
  private static final int LISTS = 4;
  private static final int PREPARED = 3;
  private static final int SINGLE_LOSSES = 22;
  private static final int SINGLE_PRIMITIVES = 8;

  /** Numbers of classes that lead to every plan, for some dtypes on some device. */
  private static final int[] CLASSES = {
    1, 5, 10, 20, 40, 100, 200, 400, 1_000, 3_000, 10_000, 16_000, 32_000, 50_304, 100_000, 128_256, 151_936, 262_144,
        1_000_000
  };

  /** The pass with the most registers is first, because the first of equal candidates is chosen. */
  private static final List<Pass> PASSES = List.of(Pass.FORWARD_BACKWARD, Pass.BACKWARD, Pass.FORWARD);

  private static final List<DType> DTYPES = List.of(DType.F32, DType.BF16, DType.F16);

  /** The reuses of exponentials that are combined with each divergence. Other powers differ in a few products only. */
  private static final Set<ExpReuse> USUAL_REUSE =
      EnumSet.of(ExpReuse.NONE, ExpReuse.SAME, ExpReuse.SQUARED, ExpReuse.FOURTH_POWER);

  private SpecialisationList() {}

  /** Returns the list for a device, at most 96 specialisations. The result is always the same. */
  public static List<Specialisation> of(DeviceLimits limits) {
    return list(limits, LOSSES, PRIMITIVES);
  }

  /** Returns the beginning of the list, in which each choice occurs, but not each pair. */
  public static List<Specialisation> singles(DeviceLimits limits) {
    return list(limits, SINGLE_LOSSES, SINGLE_PRIMITIVES);
  }

  private static List<Specialisation> list(DeviceLimits limits, int losses, int primitives) {
    List<Specialisation> chosen = new ArrayList<>(cover(losses(limits), losses));
    chosen.addAll(cover(lists(limits), LISTS));
    chosen.addAll(cover(prepared(limits), PREPARED));
    chosen.addAll(cover(primitives(limits), primitives));
    DTYPES.forEach(dtype -> chosen.add(new TopKSpecialisation(dtype)));
    chosen.addAll(List.of(BatchKernel.values()));
    chosen.add(StoreKernel.STORE);
    return List.copyOf(chosen);
  }

  /** A loss without features, and classes that lead to its plan. */
  private record Shape(LossSpecialisation loss, int classes) {}

  /** Sets of features. For any two features there are sets with both, with neither, and with each one alone. */
  private static final List<Set<Feature>> FEATURES = List.of(
      Set.of(), EnumSet.complementOf(EnumSet.of(Feature.LISTS, Feature.PREPARED)), EnumSet.of(Feature.STANDARDISE),
      EnumSet.of(Feature.TWO_SCALES, Feature.SMOOTHING, Feature.STUDENT_SOFTCAP),
      EnumSet.of(Feature.TWO_SCALES, Feature.TEACHER_SOFTCAP, Feature.ENTROPIES),
      EnumSet.of(Feature.SMOOTHING, Feature.TEACHER_SOFTCAP, Feature.ACCUMULATE),
      EnumSet.of(Feature.STUDENT_SOFTCAP, Feature.ENTROPIES, Feature.ACCUMULATE));

  /** Sets of features of teachers that are given by lists. */
  private static final List<Set<Feature>> LIST_FEATURES = List.of(
      EnumSet.of(Feature.LISTS),
      EnumSet.of(Feature.LISTS, Feature.SMOOTHING, Feature.STUDENT_SOFTCAP, Feature.ENTROPIES, Feature.ACCUMULATE));

  /** Sets of features of teachers whose rows are prepared: probabilities, standardised logits, and all options. */
  private static final List<Set<Feature>> PREPARED_FEATURES = List.of(
      EnumSet.of(Feature.PREPARED, Feature.TWO_SCALES), EnumSet.of(Feature.PREPARED, Feature.STANDARDISE),
      EnumSet.complementOf(EnumSet.of(Feature.LISTS, Feature.STANDARDISE)));

  /**
   * Returns loss kernels that calls can choose on a device. Every combination of the options except features occurs.
   * The sets of {@link #FEATURES} and the plans alternate.
   */
  static Set<Specialisation> losses(DeviceLimits limits) {
    List<Shape> withoutFeatures = new ArrayList<>();
    for (DType student : DTYPES) {
      for (Pass pass : PASSES) {
        for (DType gradient : pass == Pass.FORWARD ? Set.of(student)
            : new LinkedHashSet<>(List.of(student, DType.F32))) {
          for (DType teacher : DTYPES) {
            addDivergences(student, teacher, gradient, pass, limits, withoutFeatures);
          }
          for (int classes : CLASSES) {
            withoutFeatures.add(new Shape(LossSpecialisation.of(student, student, gradient,
                LossSpecialisation.NO_DIVERGENCE, false, true, ExpReuse.NONE, pass, classes, limits), classes));
          }
        }
      }
    }
    Set<Specialisation> all = new LinkedHashSet<>();
    for (Shape shape : withoutFeatures) {
      boolean usual = USUAL_REUSE.contains(shape.loss().expReuse());
      for (Set<Feature> features : usual ? FEATURES : List.of(Set.<Feature>of())) {
        all.add(shape.loss().with(features, shape.classes(), limits));
      }
    }
    return all;
  }

  private static void addDivergences(DType student, DType teacher, DType gradient, Pass pass, DeviceLimits limits,
      List<Shape> losses) {
    for (String policy : DivergencePolicy.NAMES) {
      boolean headline = policy.equals(DivergencePolicy.NAMES.getFirst()) && pass == Pass.FORWARD_BACKWARD
          && student == DType.BF16 && student == teacher && student == gradient;
      for (ExpReuse reuse : ExpReuse.values()) {
        boolean listed = DivergencePolicy.isTempered(policy) ? headline || USUAL_REUSE.contains(reuse)
            : reuse == ExpReuse.NONE;
        if (!listed) {
          continue;
        }
        int classes = CLASSES[losses.size() % CLASSES.length];
        losses.add(new Shape(LossSpecialisation.of(student, teacher, gradient, policy, true, true, reuse, pass,
            classes, limits), classes));
      }
      int classes = CLASSES[losses.size() % CLASSES.length];
      losses.add(new Shape(LossSpecialisation.of(student, teacher, gradient, policy, true, false, ExpReuse.NONE, pass,
          classes, limits), classes));
    }
  }

  /** Loss kernels for teachers that are given by lists. */
  static Set<Specialisation> lists(DeviceLimits limits) {
    return withTeachers(Feature.LISTS, LIST_FEATURES, limits);
  }

  /** Loss kernels for teachers whose rows are prepared. */
  static Set<Specialisation> prepared(DeviceLimits limits) {
    return withTeachers(Feature.PREPARED, PREPARED_FEATURES, limits);
  }

  /** Returns loss kernels of one kind of teacher. The sets of features and the plans alternate. */
  private static Set<Specialisation> withTeachers(Feature kind, List<Set<Feature>> sets, DeviceLimits limits) {
    Set<Specialisation> all = new LinkedHashSet<>();
    for (DType student : DTYPES) {
      for (Pass pass : PASSES) {
        for (String policy : DivergencePolicy.NAMES) {
          for (Set<Feature> features : sets) {
            int classes = CLASSES[all.size() % (CLASSES.length - 1)];
            LossSpecialisation loss = LossSpecialisation.of(student, student, student, policy, true, true,
                ExpReuse.NONE, pass, classes, limits).with(features, classes, limits);
            if (loss.features().contains(kind)) {
              all.add(loss);
            }
          }
        }
      }
    }
    return all;
  }

  /** Returns every primitive that a call can choose on a device, with one number of classes for each plan. */
  static Set<Specialisation> primitives(DeviceLimits limits) {
    Set<Specialisation> all = new LinkedHashSet<>();
    for (int classes : CLASSES) {
      for (Primitive primitive : Primitive.values()) {
        for (DType input : DTYPES) {
          for (DType other : DTYPES) {
            all.add(PrimitiveSpecialisation.choose(primitive, input, other, other, classes, limits));
            all.add(PrimitiveSpecialisation.choose(primitive, input, other, input, classes, limits));
          }
        }
      }
    }
    return all;
  }

  /**
   * Chooses the candidate that adds the most, repeatedly: single choices count most, then pairs of options, then pairs
   * with a plan.
   */
  private static List<Specialisation> cover(Collection<Specialisation> all, int cap) {
    Map<String, Integer> numbers = new HashMap<>();
    List<Candidate> left = new ArrayList<>(all.stream().map(s -> Candidate.of(s, numbers)).toList());
    List<Specialisation> chosen = new ArrayList<>();
    BitSet singles = new BitSet();
    BitSet pairs = new BitSet();
    BitSet planned = new BitSet();
    while (chosen.size() < cap) {
      Candidate best = null;
      int most = 0;
      for (Candidate candidate : left) {
        int gain = 10_000 * fresh(candidate.singles(), singles) + 100 * fresh(candidate.pairs(), pairs)
            + fresh(candidate.planned(), planned);
        if (gain > most) {
          best = candidate;
          most = gain;
        }
      }
      if (best == null) {
        break;
      }
      singles.or(best.singles());
      pairs.or(best.pairs());
      planned.or(best.planned());
      chosen.add(best.specialisation());
      left.remove(best);
    }
    return chosen;
  }

  private static int fresh(BitSet features, BitSet covered) {
    BitSet rest = (BitSet) features.clone();
    rest.andNot(covered);
    return rest.cardinality();
  }

  /** Returns the macros without the name of the entry point and those of the plan. */
  static List<String> options(Specialisation s) {
    List<String> macros = s.definitions();
    return macros.subList(1, macros.size() - RowSpecialisation.planDefinitions(plan(s)).size());
  }

  private static RowPlan plan(Specialisation s) {
    return switch (s) {
      case RowSpecialisation row -> row.plan();
      case StoreKernel kernel -> throw new IllegalArgumentException(kernel + " has one specialisation");
      case BatchKernel kernel -> throw new IllegalArgumentException(kernel + " has one specialisation");
      case ProbeKernel kernel -> throw new IllegalArgumentException(kernel + " computes no loss");
    };
  }

  /** A specialisation as numbers of its choices: single ones, pairs of options, and pairs of an option and the plan. */
  private record Candidate(Specialisation specialisation, BitSet singles, BitSet pairs, BitSet planned) {

    private static final int MOST_CHOICES = 128;

    static Candidate of(Specialisation s, Map<String, Integer> numbers) {
      Candidate candidate = new Candidate(s, new BitSet(), new BitSet(), new BitSet());
      options(s).forEach(option -> candidate.choose(number(option, numbers), candidate.pairs));
      candidate.choose(number(RowSpecialisation.planDefinitions(plan(s)).toString(), numbers), candidate.planned);
      return candidate;
    }

    private void choose(int number, BitSet together) {
      singles.stream().forEach(other -> together.set(Math.min(other, number) * MOST_CHOICES + Math.max(other, number)));
      singles.set(number);
    }

    private static int number(String choice, Map<String, Integer> numbers) {
      numbers.putIfAbsent(choice, numbers.size());
      return numbers.getOrDefault(choice, 0);
    }
  }
}
