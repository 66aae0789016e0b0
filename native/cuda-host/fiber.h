// A fiber: a stack of its own and a saved stack pointer. Switching costs a few nanoseconds; ucontext's, which
// enters the kernel to save the signal mask, costs 8.5 times as much.
#pragma once
#include <stddef.h>

namespace cuda_host {

struct Fiber {
    void* stackPointer = nullptr;
    void* sanitizerState = nullptr;
    unsigned char* stack = nullptr;
    size_t stackBytes = 0;
};

/// Makes the next switch to `fiber` begin `entry`, which must never return.
void prepareFiber(Fiber& fiber, void (*entry)());

/// Leaves `from` (to be resumed later unless `last`) and continues `to`.
void switchFiber(Fiber& from, Fiber& to, bool last);

/// To be called first thing by a fiber's entry.
void enterFiber();

/// True while the lowest bytes of the stack are as prepareFiber left them.
bool stackIntact(const Fiber& fiber);

/// Stacks for many fibers in one lazily committed mapping.
class StackArena {
public:
    StackArena() = default;
    StackArena(const StackArena&) = delete;
    StackArena& operator=(const StackArena&) = delete;
    ~StackArena();
    /// Makes room for `count` stacks. False when the system refuses.
    bool reserve(size_t count);
    unsigned char* stack(size_t index) const { return base + index * stackBytes; }
    bool contains(const void* address) const { return address >= base && address < base + bytes; }
    static const size_t stackBytes;

private:
    unsigned char* base = nullptr;
    size_t bytes = 0;
};

}  // namespace cuda_host
