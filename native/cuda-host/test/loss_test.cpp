// The loss kernels on the host runtime against the f64 reference.
// Usage: loss_test [quick]    quick: a handful of specialisations, for the slow sanitizer builds
#include "loss_run.h"

static int failures = 0;
static long cases = 0;

static void report(const LossSpecialisation& s, const BatchShape& shape, int order, const std::string& finding) {
    cases++;
    if (finding.empty()) return;
    if (++failures > 40) return;
    printf("FAILED %s (%s, %s, %s, lanes %d, cluster %d) rows %ld classes %ld T %g offsets %ld/%ld/%ld gap %ld padding %d%s order %d: %s\n",
           s.name.c_str(), s.divergence.c_str(), s.pass.c_str(), s.plan.residence.c_str(), s.plan.lanes, s.plan.cluster,
           shape.rows, shape.classes, shape.temperature, shape.layout.studentOffset, shape.layout.teacherOffset,
           shape.layout.gradientOffset, shape.layout.gap, shape.layout.padding, shape.layout.inPlace ? " in place" : "", order,
           finding.c_str());
    fflush(stdout);
}

static const LossSpecialisation* forwardOf(const LossSpecialisation& s, const std::vector<LossSpecialisation>& all) {
    if (s.pass != "kBackward") return nullptr;
    for (const LossSpecialisation& other : all)
        if (other.pass == "kForward" && other.student == s.student && other.teacher == s.teacher && other.divergence == s.divergence &&
            other.soft == s.soft && other.hard == s.hard && other.power == s.power && other.plan.residence == s.plan.residence)
            return &other;
    return nullptr;
}

/// Class counts around the edges of a vector, a warp's round and the room that the residence has.
static std::vector<long> classCounts(const LossSpecialisation& s) {
    long capacity = s.plan.capacity(elementBytes(s.student), s.soft ? elementBytes(s.teacher) : 0);
    std::vector<long> counts;
    for (long c : {1L, 2L, 3L, 7L, 8L, 10L, 33L, 257L, 1000L, 1024L, 5003L})
        if (c <= capacity && (s.plan.teamSize() < 1024 || c == 1 || c > 300)) counts.push_back(c);
    if (capacity <= 5000) counts.push_back(capacity);
    return counts;
}

static const Layout layouts[] = {
    {0, 0, 0, 0, 0, false},    // as a framework lays out a tensor
    {0, 0, 0, 0, 0, true},
    {1, 3, 2, 5, 0, false},    // every tensor at an alignment of its own
    {8, 8, 8, 8, 8, false},    // padded, vectors possible
    {5, 5, 5, 0, 3, true},
};

/// All kinds of rows in one layout each; elsewhere a few, others each time: thousands of threads per row take their time.
static long rowCount(const LossSpecialisation& s, long classes, int number) {
    if (s.plan.teamSize() >= 1024) return classes == 1000 && number % 5 == 2 ? 17 : 2;
    return classes > 600 ? (number % 5 == 2 ? 17 : 4) : 35;
}

static void testSpecialisation(const LossSpecialisation& s, const std::vector<LossSpecialisation>& all, bool quick) {
    int number = 0;
    for (long classes : classCounts(s))
        for (const Layout& layout : layouts) {
            if (quick && number % 7 != 0 && classes > 10) {
                number++;
                continue;
            }
            BatchShape shape{rowCount(s, classes, number), classes, layout, 1, number % 2 == 1, false, unsigned(number + 1), true};
            shape.temperature = s.power != 0 ? s.power : number % 3 == 0 ? 2.5 : 1.5;
            shape.rowTemperatures = s.power == 0 && number % 4 == 3;
            RunOptions options;
            options.order = number % 5;
            options.grid = number % 3 == 1 ? 2 : 0;   // fewer blocks than rows
            options.temperatureScaling = number % 7 != 5;
            options.gradientScale = number % 5 == 4 ? 1024 : 1;
            options.forward = forwardOf(s, all);
            LossRun run(s, shape, options);
            report(s, shape, options.order, run.run());
            number++;
        }
}

/// The bits must not depend on the order of the threads, nor on the rows beside a row, nor on the number of blocks.
static void testBits(const LossSpecialisation& s, const std::vector<LossSpecialisation>& all) {
    long capacity = s.plan.capacity(elementBytes(s.student), s.soft ? elementBytes(s.teacher) : 0);
    BatchShape shape{5, capacity < 700 ? capacity : 700, layouts[2], double(s.power != 0 ? s.power : 3), true, false, 99, true};
    RunOptions options;
    options.forward = forwardOf(s, all);
    LossRun first(s, shape, options);
    std::string finding = first.launch();
    for (int order = 1; order < 5 && finding.empty(); order++) {
        options.order = order;
        options.grid = order % 2 == 0 ? 1 : 0;
        LossRun again(s, shape, options);
        finding = again.launch();
        if (finding.empty() && (memcmp(again.rowSoft.data(), first.rowSoft.data(), first.rowSoft.size() * 4) != 0 ||
                                memcmp(again.rowHard.data(), first.rowHard.data(), first.rowHard.size() * 4) != 0 ||
                                memcmp(again.gradient().start(), first.gradient().start(), first.gradient().size()) != 0 ||
                                memcmp(&again.totals, &first.totals, sizeof first.totals) != 0))
            finding = "other bits than in order 0";
    }
    report(s, shape, options.order, finding);
}

#if defined(CUDA_HOST_TRACE)
/// Aligned rows: every logit read once (twice where the row stays nowhere), every gradient written once, in full sectors.
static void testTraffic(const LossSpecialisation& s, const std::vector<LossSpecialisation>& all) {
    long capacity = s.plan.capacity(elementBytes(s.student), s.soft ? elementBytes(s.teacher) : 0);
    BatchShape shape{4, capacity < 2048 ? (capacity / 16) * 16 : 2048, layouts[0], double(s.power != 0 ? s.power : 3), false, false, 5, false};
    if (shape.classes == 0) return;
    RunOptions options;
    options.forward = forwardOf(s, all);
    LossRun run(s, shape, options);
    std::string finding = run.launch();
    bool stream = s.plan.residence == "StreamRow";
    // First sweep and gradient; a divergence without a cheap route sweeps twice more. Any forward pass of a pair reads too.
    uint64_t reads = !stream ? 1 : (s.pass == "kForwardBackward" ? 2 : 1) + (s.divergence == "ForwardKl" ? 0 : 2);
    if (options.forward != nullptr) reads *= 2;
    auto expect = [&](const char* what, uint64_t got, uint64_t expected) {
        if (finding.empty() && got != expected)
            finding = std::string(what) + ": " + std::to_string(got) + " bytes, expected " + std::to_string(expected);
    };
    TraceCounts student, teacher, gradient;
    cuda_host_trace_counts(run.studentBuffer, &student);
    cuda_host_trace_counts(run.teacherBuffer, &teacher);
    cuda_host_trace_counts(run.gradientBuffer, &gradient);
    uint64_t logits = uint64_t(shape.rows) * uint64_t(shape.classes);
    expect("student read", student.bytesRead, reads * logits * uint64_t(elementBytes(s.student)));
    expect("teacher read", teacher.bytesRead, s.soft ? reads * logits * uint64_t(elementBytes(s.teacher)) : 0);
    expect("student sectors", 32 * student.sectorsRead, student.bytesRead);
    if (elementBytes(s.teacher) >= elementBytes(s.student)) expect("teacher sectors", 32 * teacher.sectorsRead, teacher.bytesRead);
    if (s.pass != "kForward") {
        expect("gradient written", gradient.bytesWritten, logits * uint64_t(elementBytes(s.gradient)));
        expect("gradient written at most", gradient.mostWrites, 1);
    }
    report(s, shape, 0, finding);
}
#endif

int main(int count, char** arguments) {
    bool quick = count > 1 && std::string(arguments[1]) == "quick";
    std::vector<LossSpecialisation> all = lossSpecialisations();
    for (size_t i = 0; i < all.size(); i++) {
        if (quick && all.size() > 6 && i % 6 != 0) continue;
        LossChecker::worst = 0;
        testSpecialisation(all[i], all, quick);
        if (!quick) testBits(all[i], all);
#if defined(CUDA_HOST_TRACE)
        testTraffic(all[i], all);
#endif
        printf("%-9s %-13s %-16s %-15s lanes %2d cluster %2d: worst error %.2f of its bound\n", all[i].name.c_str(),
               all[i].divergence.c_str(), all[i].pass.c_str(), all[i].plan.residence.c_str(), all[i].plan.lanes, all[i].plan.cluster,
               LossChecker::worst);
    }
    printf("%ld cases, %d failed\n", cases, failures);
    return failures == 0 ? 0 : 1;
}
