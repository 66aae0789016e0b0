// Compares what the kernels wrote with the f64 reference. Bounds are formulas in the unit roundoff u = 2^-24, the classes, the
// range of the logits and T; `worst` keeps the largest error in units of its bound.
#pragma once
#include <stdio.h>

#include "loss_batch.h"
#include "loss_reference.h"

struct LossOutputs {
    std::vector<float> rowSoft, rowHard;
    Matrix* gradient;   // null in a forward pass
    temper::BatchTotals totals;
};

class LossChecker {
public:
    LossChecker(const LossSpecialisation& s, const Batch& batch, const temper::LossParameters& p) : s(s), batch(batch), p(p) {}

    /// Empty, or the first disagreement.
    std::string check(const LossOutputs& out) {
        double soft = 0, hard = 0, divisor = countedRows();
        long nonFinite = 0;
        softBound = hardBound = 0;
        for (long row = 0; row < batch.shape.rows && finding.empty(); row++) checkRow(row, out, divisor, soft, hard, nonFinite);
        if (s.pass == "kBackward" || !finding.empty()) return finding;
        soft = divisor == 0 ? 0 : soft / divisor;
        hard = divisor == 0 ? 0 : hard / divisor;
        compare("total soft", 0, 0, out.totals.soft, soft, softBound / divisor);
        compare("total hard", 0, 0, out.totals.hard, hard, hardBound / divisor);
        compare("total", 0, 0, out.totals.total, soft + hard, (softBound + hardBound) / divisor);
        compare("counted rows", 0, 0, double(out.totals.counted_rows), divisor, 0);
        compare("non-finite rows", 0, 0, double(out.totals.non_finite_rows), double(nonFinite), 0);
        return finding;
    }

    static double worst;

private:
    double countedRows() const {
        long count = 0;
        for (int64_t label : batch.labels) count += p.labels == nullptr || label != -100;
        return double(count);
    }

    void checkRow(long i, const LossOutputs& out, double divisor, double& soft, double& hard, long& nonFinite) {
        size_t at = size_t(i);
        bool ignored = p.labels != nullptr && batch.labels[at] == -100;
        reference::Row row;
        row.temperature = batch.temperatures[at];
        row.parameter = p.divergence_parameter;
        row.divergence = s.divergence == "ForwardKl" ? reference::Divergence::forwardKl : reference::Divergence::jensenShannon;
        row.hasTeacher = s.soft;
        row.label = s.hard && !ignored ? long(batch.labels[at]) : -1;
        for (long c = 0; c < batch.shape.classes; c++) {
            row.student.push_back(batch.student.get(i, c));
            row.teacher.push_back(batch.teacher.get(i, c));
        }
        reference::Result r = ignored ? reference::Result() : reference::evaluate(row);
        double T = row.temperature, factor = p.temperature_scaling != 0 ? T * T : 1, weight = batch.weights[at];
        double rowSoft = ignored ? 0 : factor * r.divergence, rowHard = ignored ? 0 : r.crossEntropy;
        if (s.pass != "kBackward") {
            // Cheap route: rounding of f32 sums and one logarithm; accurate route: relative to the value.
            double logC = log(double(batch.shape.classes)) + 1, u = 0x1p-24;
            bool forward = s.divergence == "ForwardKl";
            double b = r.divergence < 0.05 || !forward ? 1e-5 * r.divergence : 24 * u * (logC + r.divergence);
            double softError = factor * b, hardError = 8 * u * (logC + fabs(r.crossEntropy));
            compare("row soft", i, -1, double(out.rowSoft[at]), rowSoft, softError);
            compare("row hard", i, -1, double(out.rowHard[at]), rowHard, hardError);
            if (ignored) return checkGradient(i, out, row, r, {0, 0});
            if (weight != 0) {
                softBound += p.soft_weight * weight * softError;
                hardBound += p.hard_weight * weight * hardError;
                if (s.soft) soft += p.soft_weight * weight * rowSoft;
                if (s.hard) hard += p.hard_weight * weight * rowHard;
                double loss = (s.soft ? rowSoft : 0) + (s.hard ? rowHard : 0);
                nonFinite += !isfinite(loss);
            }
        }
        double scale = ignored || weight == 0 ? 0 : p.gradient_scale * weight / divisor;
        checkGradient(i, out, row, r, {scale * p.soft_weight * (factor / T), scale * p.hard_weight});
    }

    struct Factors { double soft, hard; };

    void checkGradient(long i, const LossOutputs& out, const reference::Row& row, const reference::Result& r, Factors factors) {
        if (out.gradient == nullptr) return;
        const Matrix& gradient = *out.gradient;
        double top = -INFINITY, teacherTop = -INFINITY, u = 0x1p-24;
        for (long c = 0; c < batch.shape.classes; c++) {
            top = fmax(top, row.student[size_t(c)]);
            teacherTop = fmax(teacherTop, row.teacher[size_t(c)]);
        }
        for (long c = 0; c < batch.width(); c++) {
            double expected = 0, bound = 0;
            size_t k = size_t(c);
            bool zero = c >= batch.shape.classes || (factors.soft == 0 && factors.hard == 0);
            if (!zero) {
                double s0 = fabs(row.student[k] - top), t0 = fabs(row.teacher[k] - teacherTop), error = 0;
                if (s.soft) {
                    expected += factors.soft * r.softGradient[k];
                    double q = r.q[k] == 0 ? 0 : r.q[k] * (12 + 4 * s0 / row.temperature);
                    double p = r.p[k] == 0 ? 0 : r.p[k] * (12 + 4 * t0 / row.temperature);
                    double range = 1;
                    if (s.divergence != "ForwardKl") {   // a logarithm of the ratio is in it
                        range = 4 + log(double(batch.shape.classes)) + r.divergence + (r.q[k] == 0 ? 0 : fabs(r.logQ[k]));
                        p = 0;
                    }
                    error += u * fabs(factors.soft) * (q + p) * range;
                }
                if (s.hard) {
                    expected += factors.hard * r.hardGradient[k];
                    error += u * fabs(factors.hard) * (r.r[k] == 0 ? 0 : r.r[k] * (12 + 4 * s0));
                    if (c == row.label) error += 4 * u * fabs(factors.hard);
                }
                // Probabilities below 2^-126 are known to 2^-149 only, and a logarithm may multiply that.
                double halves = roundoff(gradient.type) * (fabs(expected) + error);
                bound = error + halves + smallest(gradient.type) / 2 + 0x1p-140 * (fabs(factors.soft) + fabs(factors.hard) + 1);
                // Equal distributions give exactly nothing.
                if (s.soft && !s.hard && batch.kind(i) == RowKind::equal) bound = 0;
            }
            double got = gradient.get(i, c);
            if (!zero && fabs(expected) + bound > largest(gradient.type) && isinf(got) && (got > 0) == (expected > 0)) continue;
            compare("gradient", i, c, got, expected, bound);
        }
    }

    void compare(const char* what, long row, long column, double got, double expected, double bound) {
        if (!finding.empty()) return;
        bool same = got == expected || (isnan(got) && isnan(expected));
        double error = fabs(got - expected);
        if (same || (isfinite(expected) && error <= bound)) {
            if (!same && bound > 0) worst = fmax(worst, error / bound);
            return;
        }
        char text[256];
        snprintf(text, sizeof text, "%s row %ld (kind %d) column %ld: got %.9g, expected %.9g, bound %.3g", what, row,
                 static_cast<int>(batch.kind(row)), column, got, expected, bound);
        finding = text;
    }

    const LossSpecialisation& s;
    const Batch& batch;
    const temper::LossParameters& p;
    std::string finding;
    double softBound = 0, hardBound = 0;
};

inline double LossChecker::worst = 0;
