// The specialisations under test, from kernels/specialisations.txt.
#pragma once
#include <string>
#include <vector>

#include "elements.h"
#include "parameters.h"

using LossLauncher = int (*)(const temper::LossParameters*, unsigned grid, unsigned block, unsigned cluster, unsigned sharedBytes,
                             int order, uint64_t seed, char* message, unsigned messageBytes);
using PrimitiveLauncher = int (*)(const temper::PrimitiveParameters*, unsigned grid, unsigned block, unsigned cluster,
                                  unsigned sharedBytes, int order, uint64_t seed, char* message, unsigned messageBytes);

/// How a row is spread over threads and where it stays.
struct Plan {
    int threads, lanes, cluster;
    std::string residence;

    int teamSize() const { return lanes > 0 ? lanes : threads * cluster; }
    int rowsPerBlock() const { return lanes > 0 ? threads / lanes : 1; }
    /// The most classes that fit, for elements of the given sizes (second = 0: not kept).
    long capacity(int first, int second) const {
        long k = 16 / first, groups = 1 << 20;
        if (residence[0] == 'R') groups = long(teamSize()) * std::stol(residence.substr(residence.find('<') + 1));
        if (residence == "SharedRow") groups = long(teamSize()) * ((227 * 1024 - scratchBytes()) / threads / slotBytes(first, second));
        return groups * k - (k - 1);
    }
    int slotBytes(int first, int second) const {
        int k = 16 / first, teacher = k * second;
        return 16 + (second == 0 ? 0 : teacher < 16 ? 16 : teacher);
    }
    int scratchBytes() const { return lanes > 0 ? 0 : 2 * 6 * (threads / 32) * cluster * 4; }
    unsigned sharedBytes(long classes, int first, int second) const {
        if (residence != "SharedRow") return static_cast<unsigned>(scratchBytes());
        long k = 16 / first, groups = (classes + 2 * (k - 1)) / k, slots = (groups + teamSize() - 1) / teamSize();
        return static_cast<unsigned>(scratchBytes() + slots * threads * slotBytes(first, second));
    }
};

struct LossSpecialisation {
    std::string name;
    Element student, teacher, gradient;
    std::string divergence;
    bool soft, hard;
    int power;   // T it is for, 0 = any
    std::string pass;
    Plan plan;
    LossLauncher launch;
};

struct PrimitiveSpecialisation {
    std::string name;
    Element input, upstream, output;
    std::string primitive;
    Plan plan;
    PrimitiveLauncher launch;
};

extern "C" {
#define LOSS(name, ...) \
    int name##_launch(const temper::LossParameters*, unsigned, unsigned, unsigned, unsigned, int, uint64_t, char*, unsigned);
#define PRIMITIVE(name, ...) \
    int name##_launch(const temper::PrimitiveParameters*, unsigned, unsigned, unsigned, unsigned, int, uint64_t, char*, unsigned);
#include "table.inc"
#undef LOSS
#undef PRIMITIVE
int temper_check_launch(const temper::LossParameters*, unsigned, unsigned, unsigned, unsigned, int, uint64_t, char*, unsigned);
int temper_totals_launch(const temper::LossParameters*, unsigned, unsigned, unsigned, unsigned, int, uint64_t, char*, unsigned);
}

inline std::vector<LossSpecialisation> lossSpecialisations() {
    enum { kApart = 0, kSame = 1, kSquare = 2, kFourth = 4 };
    return {
#define LOSS(name, s, t, g, divergence, soft, hard, power, pass, threads, lanes, cluster, residence)                      \
    {#name, Element::s, Element::t, Element::g, #divergence, soft, hard, power, #pass, {threads, lanes, cluster, #residence}, \
     &name##_launch},
#define PRIMITIVE(...)
#include "table.inc"
#undef LOSS
#undef PRIMITIVE
    };
}

inline std::vector<PrimitiveSpecialisation> primitiveSpecialisations() {
    return {
#define LOSS(...)
#define PRIMITIVE(name, i, u, o, primitive, threads, lanes, cluster, residence) \
    {#name, Element::i, Element::u, Element::o, #primitive, {threads, lanes, cluster, #residence}, &name##_launch},
#include "table.inc"
#undef LOSS
#undef PRIMITIVE
    };
}
