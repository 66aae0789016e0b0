// Softmax, log-softmax forward and backward, and argmax on the host runtime against plain f64 loops.
#include <math.h>
#include <stdio.h>

#include "loss_reference.h"
#include "specialisation_table.h"
#include "tracer.h"

static int failures = 0;
static long cases = 0;

struct Shape {
    long rows, classes, offset, gap;
    int padding, order;
    double temperature;
};

static void fill(Matrix& m, long classes, std::mt19937& random, double edge) {
    std::normal_distribution<double> normal(0, 3);
    for (long row = 0; row < m.rows; row++)
        for (long c = 0; c < m.width; c++) {
            double value = normal(random);
            if (edge != 0 && c < classes) {
                if (row == 1 && c == classes / 2) value = -INFINITY;
                if (row == 2 && c >= classes / 3) value = NAN;
                if (row == 3 && c == classes / 3) value = INFINITY;
                if (row == 4) value = -INFINITY;
                if (row == 5) value = 1e4 + double(c % 3);   // ties
            }
            m.set(row, c, c < classes ? value : NAN);
        }
}

static long expectedArgmax(const Matrix& x, long row, long classes) {
    long best = 0;
    for (long c = 0; c < classes; c++) {
        if (isnan(x.get(row, c))) return c;
        if (x.get(row, c) > x.get(row, best)) best = c;
    }
    return best;
}

static std::string checkRow(const PrimitiveSpecialisation& s, const Matrix& x, const Matrix& g, const Matrix& y, long row, const Shape& shape) {
    double T = s.primitive == "kSoftmax" ? 1 : shape.temperature, sum = 0, magnitude = 0, u = 0x1p-24, top = -INFINITY;
    std::vector<double> logits, logP;
    for (long c = 0; c < shape.classes; c++) {
        logits.push_back(x.get(row, c));
        top = fmax(top, logits.back());
        sum += g.get(row, c);
        magnitude += fabs(g.get(row, c));
    }
    bool sound = reference::logSoftmax(logits, T, logP);
    for (long c = 0; c < y.width; c++) {
        double expected = 0, bound = 0;
        if (c < shape.classes) {
            double lp = logP[size_t(c)], p = exp(lp), distance = p == 0 ? 0 : fabs(logits[size_t(c)] - top) / T;
            if (s.primitive == "kSoftmax") {
                expected = p;
                bound = p * u * (12 + 4 * distance);
            } else if (s.primitive == "kLogSoftmax") {
                expected = lp;
                bound = u * (8 + 4 * fabs(lp) + 4 * log(double(shape.classes)));
            } else {
                expected = sound ? (g.get(row, c) - p * sum) / T : NAN;
                bound = u * ((12 + 4 * distance) * p * magnitude + 4 * fabs(g.get(row, c))) / T;
            }
            bound += roundoff(s.output) * (fabs(expected) + bound) + smallest(s.output) + 0x1p-140;
        }
        double got = y.get(row, c), error = fabs(got - expected);
        if (got == expected || (isnan(got) && isnan(expected)) || (isfinite(expected) && error <= bound)) continue;
        char text[200];
        snprintf(text, sizeof text, "row %ld column %ld: got %.9g, expected %.9g, bound %.3g", row, c, got, expected, bound);
        return text;
    }
    return "";
}

static std::string run(const PrimitiveSpecialisation& s, const Shape& shape) {
    std::mt19937 random(unsigned(shape.classes + shape.order));
    long width = shape.classes + shape.padding;
    Matrix x(s.input, shape.rows, width, width + shape.gap, shape.offset);
    Matrix g(s.upstream, shape.rows, width, width + shape.gap, shape.offset);
    Matrix y(s.output, shape.rows, width, width + 2 * shape.gap, 2 * shape.offset);
    fill(x, shape.classes, random, 1);
    fill(g, shape.classes, random, 0);
    std::vector<int32_t> best(size_t(shape.rows), -1);
    temper::PrimitiveParameters p = {};
    p.input = x.base();
    p.upstream = g.base();
    p.output = s.primitive == "kArgmax" ? static_cast<void*>(best.data()) : y.base();
    p.rows = shape.rows;
    p.input_stride = x.stride;
    p.upstream_stride = g.stride;
    p.output_stride = y.stride;
    p.classes = int(shape.classes);
    p.output_width = int(width);
    p.index_bytes = 4;
    p.temperature = s.primitive == "kSoftmax" ? 1.0f : float(shape.temperature);
    long blocks = (shape.rows + s.plan.rowsPerBlock() - 1) / s.plan.rowsPerBlock();
    int second = s.primitive == "kLogSoftmaxBackward" ? elementBytes(s.upstream) : 0;
#if defined(CUDA_HOST_TRACE)
    cuda_host_trace_clear();
    cuda_host_trace_buffer(x.start(), x.size(), 0, "input");
    cuda_host_trace_buffer(g.start(), g.size(), 0, "upstream");
    cuda_host_trace_buffer(y.start(), y.size(), 1, "output");
    cuda_host_trace_buffer(best.data(), best.size() * 4, 1, "indices");
#endif
    char message[512] = "";
    if (s.launch(&p, unsigned(blocks * s.plan.cluster), unsigned(s.plan.threads), unsigned(s.plan.cluster),
                 s.plan.sharedBytes(shape.classes, elementBytes(s.input), second), shape.order, 5, message, sizeof message) != 0)
        return message;
    for (long row = 0; row < shape.rows; row++) {
        if (s.primitive == "kArgmax") {
            if (best[size_t(row)] != expectedArgmax(x, row, shape.classes)) return "argmax of row " + std::to_string(row);
            continue;
        }
        std::string finding = checkRow(s, x, g, y, row, shape);
        if (!finding.empty()) return finding;
    }
    return y.guarded() ? "" : "wrote outside the output's rows";
}

int main(int count, char** arguments) {
    bool quick = count > 1 && std::string(arguments[1]) == "quick";
    int number = 0;
    for (const PrimitiveSpecialisation& s : primitiveSpecialisations()) {
        long capacity = s.plan.capacity(elementBytes(s.input), s.primitive == "kLogSoftmaxBackward" ? elementBytes(s.upstream) : 0);
        for (long classes : {1L, 3L, 10L, 16L, 61L, 1000L, 5001L})
            for (long offset : {0L, 3L}) {
                if (classes > capacity || (quick && classes > 100)) continue;
                Shape shape{7, classes, offset, 2 * offset, offset == 0 ? 8 : 0, number % 5, number % 3 == 0 ? 1.0 : 2.5};
                std::string finding = run(s, shape);
                number++;
                cases++;
                if (finding.empty()) continue;
                failures++;
                printf("FAILED %s (%s, %s, lanes %d, cluster %d) classes %ld offset %ld order %d: %s\n", s.name.c_str(), s.primitive.c_str(),
                       s.plan.residence.c_str(), s.plan.lanes, s.plan.cluster, classes, offset, shape.order, finding.c_str());
            }
    }
    printf("%ld cases of primitives, %d failed\n", cases, failures);
    return failures == 0 ? 0 : 1;
}
