// The loss of one row in f64, in the order of the formulas. It must never include the kernels' headers: it is what finds
// the mistakes that they would have in common.
#pragma once
#include <math.h>

#include <vector>

namespace reference {

enum class Divergence { forwardKl, jensenShannon };

struct Row {
    std::vector<double> student, teacher;   // logits
    double temperature = 1;
    double parameter = 0.5;                 // beta of Jensen-Shannon
    Divergence divergence = Divergence::forwardKl;
    long label = -1;                        // -1: none
    bool hasTeacher = true;
};

struct Result {
    double divergence = 0;                  // D, without T^2
    double crossEntropy = 0;
    bool studentSound = true, teacherSound = true;
    std::vector<double> p, q, r;            // teacher, student, student at T = 1
    std::vector<double> logP, logQ, logR;
    std::vector<double> softGradient;       // dD/d(z/T)
    std::vector<double> hardGradient;       // dCE/dz
};

/// log softmax(x / T); false where no probability is defined.
inline bool logSoftmax(const std::vector<double>& x, double temperature, std::vector<double>& result) {
    double largest = -INFINITY, sum = 0;
    bool sound = true;
    for (double v : x) {
        if (isnan(v) || v == INFINITY) sound = false;
        largest = fmax(largest, v);
    }
    if (largest == -INFINITY) sound = false;
    result.assign(x.size(), NAN);
    if (!sound) return false;
    for (double v : x) sum += exp((v - largest) / temperature);
    for (size_t i = 0; i < x.size(); i++) result[i] = (x[i] - largest) / temperature - log(sum);
    return true;
}

/// a log(a/b) for one class; 0 where a is 0, infinite where only b is. Near a = b by the series in d = log(a/b).
inline double klTerm(double logA, double logB) {
    double a = exp(logA);
    if (logA == -INFINITY) return logB == -INFINITY ? 0 : exp(logB);   // a log(a/b) - a + b
    if (logB == -INFINITY) return INFINITY;
    double d = logA - logB;
    if (fabs(d) < 1e-3) return a * d * d * (0.5 - d / 6 + d * d / 24 - d * d * d / 120);
    return a * (d - 1 + exp(-d));
}

inline void forwardKl(Result& result) {
    for (size_t i = 0; i < result.p.size(); i++) {
        result.divergence += klTerm(result.logP[i], result.logQ[i]);
        result.softGradient[i] = result.logP[i] == -INFINITY || result.logQ[i] == -INFINITY
                                     ? result.q[i] - result.p[i]
                                     : -result.p[i] * -expm1(result.logQ[i] - result.logP[i]);
    }
}

inline void jensenShannon(const Row& row, Result& result) {
    double beta = row.parameter, studentPart = 0, teacherPart = 0;
    size_t count = result.p.size();
    std::vector<double> logM(count);
    for (size_t i = 0; i < count; i++) {
        double a = result.logP[i] + log(beta), b = result.logQ[i] + log1p(-beta), top = fmax(a, b);
        logM[i] = top == -INFINITY ? -INFINITY : top + log(exp(a - top) + exp(b - top));
        if (result.logP[i] == result.logQ[i]) logM[i] = result.logP[i];
        teacherPart += klTerm(result.logP[i], logM[i]);
        studentPart += klTerm(result.logQ[i], logM[i]);
    }
    result.divergence = beta * teacherPart + (1 - beta) * studentPart;
    for (size_t i = 0; i < count; i++)
        if (result.q[i] > 0) result.softGradient[i] = (1 - beta) * result.q[i] * (result.logQ[i] - logM[i] - studentPart);
}

inline Result evaluate(const Row& row) {
    Result result;
    size_t count = row.student.size();
    result.studentSound = logSoftmax(row.student, row.temperature, result.logQ);
    logSoftmax(row.student, 1, result.logR);
    result.q.resize(count);
    result.r.resize(count);
    result.p.assign(count, 0);
    for (size_t i = 0; i < count; i++) {
        result.q[i] = exp(result.logQ[i]);
        result.r[i] = exp(result.logR[i]);
    }
    result.softGradient.assign(count, 0);
    result.hardGradient.assign(count, 0);
    if (row.label >= 0) {
        result.crossEntropy = result.studentSound ? -result.logR[static_cast<size_t>(row.label)] : NAN;
        result.hardGradient = result.r;
        result.hardGradient[static_cast<size_t>(row.label)] -= 1;
    }
    if (!row.hasTeacher) return result;
    result.teacherSound = logSoftmax(row.teacher, row.temperature, result.logP);
    for (size_t i = 0; i < count; i++) result.p[i] = exp(result.logP[i]);
    if (!result.studentSound || !result.teacherSound) {
        result.divergence = NAN;
        result.softGradient.assign(count, NAN);
        result.hardGradient.assign(count, NAN);
    } else if (row.divergence == Divergence::forwardKl) {
        forwardKl(result);
    } else {
        jensenShannon(row, result);
    }
    return result;
}

}  // namespace reference
