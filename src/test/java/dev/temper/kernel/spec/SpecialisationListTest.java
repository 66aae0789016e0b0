package dev.temper.kernel.spec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.kernel.code.KernelSource;
import dev.temper.kernel.plan.DeviceLimits;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.plan.RowPlans;
import dev.temper.spi.layout.DivergencePolicy;
import dev.temper.spi.layout.Pass;
import dev.temper.spi.layout.PrimitiveParameters.Primitive;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SpecialisationListTest {

  private static final List<Specialisation> HOPPER = SpecialisationList.of(DeviceLimits.ofCapability(9, 0));

  @Test
  void everyChoiceOccurs() {
    assertThat(each(LossSpecialisation::student)).contains(DType.F32, DType.BF16, DType.F16);
    assertThat(each(LossSpecialisation::teacher)).contains(DType.F32, DType.BF16, DType.F16);
    assertThat(each(LossSpecialisation::gradient)).contains(DType.F32, DType.BF16, DType.F16);
    assertThat(each(LossSpecialisation::policy)).containsAll(DivergencePolicy.NAMES);
    assertThat(each(LossSpecialisation::expReuse)).contains(ExpReuse.values());
    assertThat(each(LossSpecialisation::pass)).contains(Pass.values());
    assertThat(each(loss -> List.of(loss.soft(), loss.hard()))).hasSize(3);
    assertThat(each(loss -> loss.plan().cluster())).contains(1, 2, 4, 8, 16);
    assertThat(each(loss -> loss.plan().storage().getClass().getSimpleName()))
        .contains("Registers", "Shared", "Ring", "Reread");
    assertThat(HOPPER).contains(BatchKernel.values());
    assertThat(HOPPER).contains(new TopKSpecialisation(DType.F32), new TopKSpecialisation(DType.BF16),
        new TopKSpecialisation(DType.F16));
    assertThat(HOPPER.stream().filter(PrimitiveSpecialisation.class::isInstance)
        .map(s -> ((PrimitiveSpecialisation) s).primitive())).contains(Primitive.values());
  }

  @Test
  void everySingleChoiceOccursAtTheBeginning() {
    List<Specialisation> singles = SpecialisationList.singles(DeviceLimits.ofCapability(9, 0));
    Set<String> listed = options(HOPPER);
    assertThat(singles).hasSizeLessThan(46);
    assertThat(options(singles)).containsAll(listed);
  }

  private static Set<String> options(List<Specialisation> list) {
    return list.stream().filter(RowSpecialisation.class::isInstance)
        .flatMap(s -> SpecialisationList.options(s).stream()).collect(Collectors.toSet());
  }

  @Test
  void everyPlanThatACallCanReachOccurs() {
    DeviceLimits limits = DeviceLimits.ofCapability(9, 0);
    Set<List<String>> listed = HOPPER.stream()
        .flatMap(s -> switch (s) {
          case LossSpecialisation loss -> Stream.of(loss.plan());
          case PrimitiveSpecialisation primitive -> Stream.of(primitive.plan());
          case TopKSpecialisation _, BatchKernel _, StoreKernel _, ProbeKernel _ -> Stream.empty();
        })
        .map(RowSpecialisation::planDefinitions).collect(Collectors.toSet());
    Set<List<String>> reachable = IntStream.rangeClosed(1, 300_000).filter(c -> c < 3_000 || c % 101 == 0).boxed()
        .flatMap(c -> IntStream.of(0, 2, 4).boxed().flatMap(second -> IntStream.of(2, 4)
            .boxed().flatMap(first -> Stream.of(RowPlans.choose(c, first, second, limits),
                RowPlans.chooseWithoutRing(c, first, second, limits)))))
        .map(RowSpecialisation::planDefinitions).collect(Collectors.toSet());
    assertThat(listed).containsAll(reachable);
  }

  @ParameterizedTest
  @ValueSource(ints = {75, 80, 90, 100, 120})
  void everyPairOfOptionsOccurs(int capability) {
    DeviceLimits limits = DeviceLimits.ofCapability(capability / 10, capability % 10);
    Set<Specialisation> rows = SpecialisationList.of(limits).stream().filter(RowSpecialisation.class::isInstance)
        .collect(Collectors.toSet());
    assertThat(pairs(rows)).hasSizeGreaterThan(150).containsAll(pairs(SpecialisationList.losses(limits)))
        .containsAll(pairs(SpecialisationList.primitives(limits)));
  }

  private static Set<Set<String>> pairs(Set<Specialisation> all) {
    return all.stream().map(SpecialisationList::options)
        .flatMap(options -> options.stream()
        .flatMap(one -> options.stream().map(other -> new TreeSet<>(List.of(one, other)))))
        .collect(Collectors.toSet());
  }

  @Test
  void isCappedDistinctAndAlwaysTheSame() {
    assertThat(HOPPER).hasSizeLessThanOrEqualTo(96).doesNotHaveDuplicates()
        .isEqualTo(SpecialisationList.of(DeviceLimits.ofCapability(9, 0)));
  }

  @Test
  void olderDevicesGetNoClusters() {
    assertThat(SpecialisationList.of(DeviceLimits.ofCapability(7, 5))).allMatch(s -> s.cluster() == 1);
  }

  @Test
  void macrosAreThoseOfTheSources() {
    Specialisation loss = LossSpecialisation.of(DType.BF16, DType.F32, DType.F32, "JensenShannon", true, true,
        ExpReuse.SQUARED, Pass.FORWARD_BACKWARD, 32_000, DeviceLimits.ofCapability(9, 0));
    assertThat(loss.definitions()).contains("TEMPER_STUDENT=BFloat16", "TEMPER_DIVERGENCE=JensenShannon",
        "TEMPER_EXP_REUSE=kSquared", "TEMPER_PASS=kForwardBackward", "TEMPER_STORAGE=RingStorage<2, BulkCopies>");
    for (Specialisation s : HOPPER.stream().filter(s -> s instanceof RowSpecialisation).toList()) {
      String source = KernelSource.load(s.source()).text();
      assertThat(s.definitions()).allSatisfy(d -> assertThat(source).contains(d.substring(0, d.indexOf('='))));
    }
  }

  private static <V> Set<V> each(Function<LossSpecialisation, V> choice) {
    return HOPPER.stream().filter(LossSpecialisation.class::isInstance).map(LossSpecialisation.class::cast).map(choice)
        .collect(Collectors.toSet());
  }
}
