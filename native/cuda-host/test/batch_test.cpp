// What concerns a whole batch: inputs that are refused, empty batches, int32 labels, very wide rows, rows far apart.
#include <stdio.h>
#include <sys/mman.h>

#include "loss_run.h"

// A sanitizer's shadow memory has no room for rows gigabytes apart, nor the build the time for wide ones.
#if defined(__SANITIZE_ADDRESS__)
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif
static int failures = 0;

static void expect(bool holds, const std::string& what) {
    if (holds) return;
    failures++;
    printf("FAILED %s\n", what.c_str());
}

static const BatchShape small = {6, 10, {0, 0, 0, 0, 0, false}, 2, true, false, 3, false};

/// Runs a batch after `spoil`; nothing may be written, and the status names the first bad row.
template <class Spoil> static void refuses(const char* what, const LossSpecialisation& s, uint64_t temper::BatchStatus::*field, Spoil spoil) {
    LossRun run(s, small, RunOptions());
    std::vector<unsigned char> before(run.gradient().start(), run.gradient().start() + run.gradient().size());
    spoil(run);
    std::string finding = run.launch();
    expect(finding.empty(), std::string(what) + ": " + finding);
    expect(~(run.status.*field) == 2, std::string(what) + ": the status does not name row 2");
    expect(memcmp(before.data(), run.gradient().start(), before.size()) == 0, std::string(what) + ": a gradient was written");
    expect(run.rowSoft[0] == -1, std::string(what) + ": a row loss was written");
}

static void testRefusals(const LossSpecialisation& s) {
    for (int64_t bad : {int64_t(-1), int64_t(10), int64_t(1) << 40})
        refuses("label out of range", s, &temper::BatchStatus::bad_label, [=](LossRun& run) {
            run.batch.labels[2] = bad;
            run.batch.labels[5] = bad;
        });
    for (float bad : {-1.0f, INFINITY, NAN})
        refuses("row weight", s, &temper::BatchStatus::bad_weight, [=](LossRun& run) {
            run.batch.weights[2] = bad;
            run.batch.weights[4] = bad;
        });
    for (float bad : {0.0f, -2.0f, INFINITY, NAN})
        refuses("row temperature", s, &temper::BatchStatus::bad_temperature, [=](LossRun& run) {
            run.p.row_temperatures = run.batch.temperatures.data();
            run.batch.temperatures[2] = bad;
        });
}

static void testNothingCounted(const LossSpecialisation& s) {
    LossRun run(s, small, RunOptions());
    for (int64_t& label : run.batch.labels) label = -100;
    expect(run.launch().empty(), "no rows counted: launch");
    expect(run.totals.total == 0 && run.totals.soft == 0 && run.totals.hard == 0, "no rows counted: the loss is 0");
    expect(run.totals.counted_rows == 0 && run.totals.non_finite_rows == 0, "no rows counted: counts");
    for (long c = 0; c < 10; c++) expect(run.gradient().get(3, c) == 0, "no rows counted: the gradient is 0");
}

static void testLabelWidth(const LossSpecialisation& s) {
    LossRun wide(s, small, RunOptions()), narrow(s, small, RunOptions());
    std::vector<int32_t> labels(wide.batch.labels.begin(), wide.batch.labels.end());
    narrow.p.labels = labels.data();
    narrow.p.label_bytes = 4;
    expect(wide.launch().empty() && narrow.launch().empty(), "int32 labels: launch");
    expect(memcmp(wide.gradient().start(), narrow.gradient().start(), wide.gradient().size()) == 0, "int32 labels: the gradient");
    expect(wide.totals.total == narrow.totals.total && wide.totals.total > 0, "int32 labels: the loss");
}

static void testWideRow(const LossSpecialisation& s) {
    long capacity = s.plan.capacity(elementBytes(s.student), s.soft ? elementBytes(s.teacher) : 0);
    BatchShape shape{1, 262144, {0, 0, 0, 0, 0, false}, double(s.power != 0 ? s.power : 3), false, false, 11, false};
    if (capacity < shape.classes || s.pass != "kForwardBackward") return;
    RunOptions options;
    options.order = 2;
    std::string finding = LossRun(s, shape, options).run();
    printf("262144 classes, %s %s cluster %d: %s\n", s.name.c_str(), s.plan.residence.c_str(), s.plan.cluster,
           finding.empty() ? "right" : finding.c_str());
    expect(finding.empty(), s.name + " with 262144 classes: " + finding);
}

/// Rows 2^31 elements apart: an offset that is cut to 32 bits falls outside the mapping.
static void testFarRows(const LossSpecialisation& s) {
    BatchShape aligned = small;
    aligned.layout.gap = 2;   // 48 bytes from row to row: the alignment that the far rows have
    LossRun near(s, aligned, RunOptions()), far(s, aligned, RunOptions());
    const int64_t stride = (int64_t(1) << 31) + 16;
    const size_t bytes = size_t(5 * stride + 10) * size_t(elementBytes(s.student));
    void* mapping = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED) {
        printf("far rows: not run, %zu bytes of address space refused\n", bytes);
        return;
    }
    auto at = [&](long row) { return static_cast<char*>(mapping) + row * stride * elementBytes(s.student); };
    size_t rowBytes = size_t(10 * elementBytes(s.student));
    for (long row = 0; row < 6; row++) memcpy(at(row), near.batch.student.at(row, 0), rowBytes);
    far.p.student = far.p.gradient = mapping;
    far.p.student_stride = far.p.gradient_stride = stride;
    expect(near.launch().empty() && far.launch().empty(), "far rows: launch");
    for (long row = 0; row < 6; row++)
        expect(memcmp(at(row), near.gradient().at(row, 0), rowBytes) == 0, "far rows: gradient of row " + std::to_string(row));
    munmap(mapping, bytes);
}

int main(int, char**) {
    for (const LossSpecialisation& s : lossSpecialisations()) {
        bool plain = s.student == Element::Float32 && s.gradient == Element::Float32 && s.soft && s.hard && s.pass == "kForwardBackward";
        if (plain && s.plan.cluster <= 4 && s.power == 2 && s.plan.capacity(4, 4) >= small.classes) {
            testRefusals(s);
            testNothingCounted(s);
            testLabelWidth(s);
            if (!sanitized) testFarRows(s);
        }
        if (!sanitized) testWideRow(s);
    }
    printf("batches: %s\n", failures == 0 ? "passed" : "FAILED");
    return failures == 0 ? 0 : 1;
}
