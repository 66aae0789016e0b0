// Matrices of f32, bf16 and f16 elements for the tests, with every row stride and alignment, and guards around every row.
#pragma once
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <random>
#include <vector>

enum class Element { Float32, BFloat16, Float16 };

inline int elementBytes(Element type) { return type == Element::Float32 ? 4 : 2; }

/// Unit roundoff and smallest positive number.
inline double roundoff(Element type) { return type == Element::Float32 ? 0x1p-24 : type == Element::BFloat16 ? 0x1p-8 : 0x1p-11; }
inline double smallest(Element type) { return type == Element::Float32 ? 0x1p-149 : type == Element::BFloat16 ? 0x1p-133 : 0x1p-24; }
inline double largest(Element type) { return type == Element::Float16 ? 65504.0 : 3.3895e38; }

inline double readElement(const void* at, Element type) {
    uint32_t bits = 0;
    memcpy(&bits, at, static_cast<size_t>(elementBytes(type)));
    if (type == Element::Float16) {
        _Float16 half;
        memcpy(&half, at, 2);
        return static_cast<double>(half);
    }
    if (type == Element::BFloat16) bits <<= 16;
    float value;
    memcpy(&value, &bits, 4);
    return static_cast<double>(value);
}

inline void writeElement(void* at, Element type, double value) {
    float single = static_cast<float>(value);
    if (type == Element::Float16) {
        _Float16 half = static_cast<_Float16>(single);
        memcpy(at, &half, 2);
        return;
    }
    uint32_t bits;
    memcpy(&bits, &single, 4);
    if (type == Element::BFloat16) {
        bits = value != value ? 0x7fc0u : (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    }
    memcpy(at, &bits, static_cast<size_t>(elementBytes(type)));
}

/// [rows, width] at `offset` elements from an address aligned to 64 bytes. Everything outside the rows is a guard.
class Matrix {
public:
    Matrix(Element type, long rows, long width, long stride, long offset)
        : type(type), rows(rows), width(width), stride(stride), offset(offset), bytes(size_t(span()) * size_t(elementBytes(type))) {
        // The last element ends where the allocation ends: a sanitizer sees one byte more being read.
        if (posix_memalign(reinterpret_cast<void**>(&memory), 64, bytes) != 0) abort();
        memset(memory, kGuard, bytes);
    }
    Matrix(const Matrix&) = delete;
    ~Matrix() { free(memory); }

    unsigned char* at(long row, long column) const { return memory + (offset + row * stride + column) * elementBytes(type); }
    void* base() const { return at(0, 0); }
    double get(long row, long column) const { return readElement(at(row, column), type); }
    void set(long row, long column, double value) { writeElement(at(row, column), type, value); }
    size_t size() const { return bytes; }
    const unsigned char* start() const { return memory; }

    /// Whether nothing but the rows was written.
    bool guarded() const {
        size_t next = 0;
        for (long row = 0; row <= rows; row++) {
            size_t first = row < rows ? static_cast<size_t>(at(row, 0) - memory) : bytes;
            for (size_t i = next; i < first; i++)
                if (memory[i] != kGuard) return false;
            next = first + static_cast<size_t>(width * elementBytes(type));
        }
        return true;
    }

    const Element type;
    const long rows, width, stride, offset;

private:
    static constexpr unsigned char kGuard = 0xa5;
    long span() const { return rows == 0 ? offset + 1 : offset + (rows - 1) * stride + width; }
    const size_t bytes;
    unsigned char* memory = nullptr;
};
