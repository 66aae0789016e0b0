// A batch for the loss kernels: every kind of row that losses have to cope with, in any layout.
#pragma once
#include <math.h>

#include <memory>

#include "specialisation_table.h"

enum class RowKind {
    ordinary, nearlyEqual, equal, shifted, wide, bothAbsent, studentAbsent, teacherAbsent, studentNan, teacherNan,
    studentInfinite, studentAllAbsent, teacherAllAbsent, absentLabel, ignored, weightless, count
};

struct Layout {
    long studentOffset, teacherOffset, gradientOffset, gap;   // elements before the first row, and between rows
    int padding;                                              // columns beyond the classes
    bool inPlace;
};

struct BatchShape {
    long rows, classes;
    Layout layout;
    double temperature;
    bool weights, rowTemperatures;
    unsigned seed;
    bool edges;   // all kinds of rows, else ordinary ones only
};

struct Batch {
    Batch(const LossSpecialisation& s, const BatchShape& shape)
        : shape(shape),
          student(s.student, shape.rows, width(), width() + shape.layout.gap, shape.layout.studentOffset),
          teacher(s.teacher, shape.rows, width(), width() + 2 * shape.layout.gap, shape.layout.teacherOffset),
          labels(size_t(shape.rows)), weights(size_t(shape.rows), 1.0f), temperatures(size_t(shape.rows), float(shape.temperature)) {
        std::mt19937 random(shape.seed);
        for (long row = 0; row < shape.rows; row++) fill(row, random);
    }

    RowKind kind(long row) const {
        return shape.edges ? static_cast<RowKind>((row + long(shape.seed)) % static_cast<long>(RowKind::count)) : RowKind::ordinary;
    }
    long width() const { return shape.classes + shape.layout.padding; }

    const BatchShape shape;
    Matrix student, teacher;
    std::vector<int64_t> labels;
    std::vector<float> weights, temperatures;

private:
    void fill(long row, std::mt19937& random) {
        std::normal_distribution<double> normal(0, 3);
        std::uniform_int_distribution<long> column(0, shape.classes - 1);
        RowKind kind = this->kind(row);
        double spread = kind == RowKind::wide ? 10 : 1;
        double up = kind == RowKind::shifted ? 1e4 : 0, down = kind == RowKind::shifted ? -1e3 : 0;
        for (long c = 0; c < shape.classes; c++) {
            double z = spread * normal(random), u = spread * normal(random);
            if (kind == RowKind::nearlyEqual) u = z + 1e-3 / 3 * normal(random);
            student.set(row, c, z + up);
            teacher.set(row, c, (kind == RowKind::equal ? student.get(row, c) : u) + down);
        }
        if (kind == RowKind::equal && student.type != teacher.type)
            for (long c = 0; c < shape.classes; c++) {   // numbers that every type holds
                student.set(row, c, double(c % 5) - 2);
                teacher.set(row, c, double(c % 5) - 2);
            }
        for (long c = shape.classes; c < width(); c++) {   // padding never matters
            student.set(row, c, NAN);
            teacher.set(row, c, INFINITY);
        }
        labels[size_t(row)] = column(random);
        if (shape.weights) weights[size_t(row)] = 0.25f + float(row % 7);
        if (shape.rowTemperatures) temperatures[size_t(row)] = 0.5f + float(row % 5);
        long at = column(random), other = column(random);
        switch (kind) {
            case RowKind::bothAbsent:
                if (shape.classes == 1) break;
                student.set(row, at, -INFINITY);
                teacher.set(row, at, -INFINITY);
                labels[size_t(row)] = (at + 1) % shape.classes;
                break;
            case RowKind::studentAbsent: student.set(row, at, -INFINITY); break;
            case RowKind::teacherAbsent: teacher.set(row, at, -INFINITY); break;
            case RowKind::studentNan: student.set(row, at, NAN); break;
            case RowKind::teacherNan: teacher.set(row, at, NAN); break;
            case RowKind::studentInfinite: student.set(row, other, INFINITY); break;
            case RowKind::studentAllAbsent:
                for (long c = 0; c < shape.classes; c++) student.set(row, c, -INFINITY);
                break;
            case RowKind::teacherAllAbsent:
                for (long c = 0; c < shape.classes; c++) teacher.set(row, c, -INFINITY);
                break;
            case RowKind::absentLabel:
                student.set(row, at, -INFINITY);
                teacher.set(row, at, -INFINITY);
                labels[size_t(row)] = at;
                break;
            case RowKind::ignored:
                labels[size_t(row)] = -100;
                student.set(row, at, NAN);
                break;
            case RowKind::weightless:
                if (shape.weights) weights[size_t(row)] = 0;
                break;
            default: break;
        }
    }
};
