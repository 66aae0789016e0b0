// One batch through check, loss and totals kernels on the host runtime.
#pragma once
#include "loss_check.h"
#include "tracer.h"

struct RunOptions {
    int order = 0;
    unsigned grid = 0;   // 0: enough blocks for all rows
    uint64_t seed = 1;
    double softWeight = 0.75, hardWeight = 1.25, gradientScale = 1;
    bool temperatureScaling = true;
    const LossSpecialisation* forward = nullptr;   // runs first where the specialisation is a backward pass
};

class LossRun {
public:
    LossRun(const LossSpecialisation& s, const BatchShape& shape, const RunOptions& options)
        : s(s), options(options), batch(s, shape), rowSoft(size_t(shape.rows), -1), rowHard(size_t(shape.rows), -1),
          statistics(size_t(shape.rows) * temper::kRowStatistics, NAN) {
        bool inPlace = shape.layout.inPlace && s.gradient == s.student && s.pass != "kForward";
        if (!inPlace)
            separate.reset(new Matrix(s.gradient, shape.rows, batch.width(), batch.width() + 3 * shape.layout.gap,
                                      shape.layout.gradientOffset));
        setParameters();
    }

    /// Empty, or what went wrong.
    std::string run() {
        LossChecker checker(s, original(), p);
        std::string finding = launch();
        LossOutputs out{rowSoft, rowHard, s.pass == "kForward" ? nullptr : &gradient(), totals};
        if (finding.empty()) finding = checker.check(out);
        if (finding.empty() && !(gradient().guarded() && batch.student.guarded())) finding = "wrote outside the gradient's rows";
        return finding;
    }

    std::string launch() {
        original();
        registerBuffers();
        p.status = &status;
        status = {};
        p.totals = &totals;
        char message[512] = "";
        if (temper_check_launch(&p, 2, 256, 1, 0, options.order, options.seed, message, sizeof message) != 0) return message;
        if (options.forward != nullptr && !launchLoss(*options.forward, message)) return message;
        if (!launchLoss(s, message)) return message;
        if (temper_totals_launch(&p, 1, 512, 1, 512, options.order, options.seed, message, sizeof message) != 0) return message;
        return "";
    }

    Matrix& gradient() { return separate ? *separate : batch.student; }
    temper::LossParameters p = {};
    temper::BatchStatus status = {};
    temper::BatchTotals totals = {};

    /// The batch as it was before a gradient replaced the student.
    const Batch& original() {
        if (!untouched) untouched.reset(new Batch(s, batch.shape));
        return *untouched;
    }

    const LossSpecialisation& s;
    const RunOptions options;
    Batch batch;
    std::vector<float> rowSoft, rowHard, statistics;
    std::unique_ptr<Matrix> separate;
    int studentBuffer = 0, teacherBuffer = 0, gradientBuffer = 0;   // of the tracer

private:
    void setParameters() {
        p.student = batch.student.base();
        p.teacher = s.soft ? batch.teacher.base() : nullptr;
        p.gradient = s.pass == "kForward" ? nullptr : gradient().base();
        p.labels = batch.labels.data();
        p.row_weights = batch.shape.weights ? batch.weights.data() : nullptr;
        p.row_temperatures = batch.shape.rowTemperatures ? batch.temperatures.data() : nullptr;
        p.row_soft = rowSoft.data();
        p.row_hard = rowHard.data();
        p.statistics = statistics.data();
        p.statistics_stride = temper::kRowStatistics;
        p.rows = batch.shape.rows;
        p.student_stride = batch.student.stride;
        p.teacher_stride = batch.teacher.stride;
        p.gradient_stride = gradient().stride;
        p.ignore_index = -100;
        p.gradient_scale = options.gradientScale;
        p.soft_weight = s.soft ? options.softWeight : 0;
        p.hard_weight = s.hard ? options.hardWeight : 0;
        p.classes = static_cast<int>(batch.shape.classes);
        p.gradient_width = static_cast<int>(batch.width());
        p.label_bytes = 8;
        p.divisor_kind = temper::kDivisorCountedRows;
        p.temperature_scaling = options.temperatureScaling;
        p.temperature = static_cast<float>(batch.shape.temperature);
        p.divergence_parameter = 0.3f;
    }

    void registerBuffers() {
#if defined(CUDA_HOST_TRACE)
        cuda_host_trace_clear();
        studentBuffer = cuda_host_trace_buffer(batch.student.start(), batch.student.size(), !separate, "student");
        teacherBuffer = cuda_host_trace_buffer(batch.teacher.start(), batch.teacher.size(), 0, "teacher");
        gradientBuffer = separate ? cuda_host_trace_buffer(separate->start(), separate->size(), 1, "gradient") : studentBuffer;
        cuda_host_trace_buffer(batch.labels.data(), batch.labels.size() * 8, 0, "labels");
        cuda_host_trace_buffer(batch.weights.data(), batch.weights.size() * 4, 0, "row weights");
        cuda_host_trace_buffer(batch.temperatures.data(), batch.temperatures.size() * 4, 0, "row temperatures");
        cuda_host_trace_buffer(rowSoft.data(), rowSoft.size() * 4, 1, "row soft");
        cuda_host_trace_buffer(rowHard.data(), rowHard.size() * 4, 1, "row hard");
        cuda_host_trace_buffer(statistics.data(), statistics.size() * 4, 1, "statistics");
        cuda_host_trace_buffer(&status, sizeof status, 1, "status");
        cuda_host_trace_buffer(&totals, sizeof totals, 1, "totals");
#endif
    }

    bool launchLoss(const LossSpecialisation& which, char* message) {
        const Plan& plan = which.plan;
        long rowsPerBlock = plan.rowsPerBlock(), blocks = (batch.shape.rows + rowsPerBlock - 1) / rowsPerBlock;
        unsigned grid = options.grid != 0 ? options.grid : static_cast<unsigned>(blocks);
        unsigned shared = plan.sharedBytes(batch.shape.classes, elementBytes(which.student), which.soft ? elementBytes(which.teacher) : 0);
        return which.launch(&p, grid * static_cast<unsigned>(plan.cluster), static_cast<unsigned>(plan.threads),
                            static_cast<unsigned>(plan.cluster), shared, options.order, options.seed, message, 512) == 0;
    }

    std::unique_ptr<Batch> untouched;
};
