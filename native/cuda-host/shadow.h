// What the tracer knows about each byte of shared memory: who touched it last, and how many barriers that thread had
// passed. Two accesses by different threads are ordered when a barrier that both took part in lies between them, or when the later
// thread knows through mbarriers that the earlier access is over.
#pragma once
#include <stdint.h>

#include <vector>

#include "machine.h"

namespace cuda_host {

inline unsigned entry(const Clock& clock, size_t index) { return index < clock.size() ? clock[index] : 0; }

struct Touch {
    uint32_t thread = ~0u;  // index in the cluster
    uint32_t blockBarriers = 0, clusterArrivals = 0, warpBarriers = 0;
    // Of an asynchronous store: the number of its mbarrier, counted from 1, and the phase in which it landed.
    uint32_t mbarrier = 0, phase = 0;
    static constexpr uint32_t onTheWay = ~0u;

    bool happened() const { return thread != ~0u; }
    static Touch by(const Thread& self) {
        return {self.index, self.blockBarriers, self.clusterArrivals, self.warp->barriers, 0, 0};
    }
    /// Shuffles order nothing in memory, so only __syncwarp counts within a warp.
    bool orderedBefore(const Thread& now, const Machine& machine) const {
        const Thread& then = machine.threads[thread];
        if (mbarrier != 0) return phase != onTheWay && phase < entry(now.known, machine.warps.size() + mbarrier - 1);
        if (&then == &now) return true;
        if (then.block == now.block && blockBarriers < now.blockBarriers) return true;
        if (then.warp == now.warp && warpBarriers < now.warp->barriers) return true;
        if (warpBarriers < entry(now.known, static_cast<size_t>(then.warp - machine.warps.data()))) return true;
        return clusterArrivals < now.clusterWaits;
    }
};

struct ShadowByte {
    Touch writer, reader, otherReader;  // the last reader, and the last one that is another thread
};

class Shadow {
public:
    void reset(size_t bytes) { cells.assign(bytes, ShadowByte()); }

    void read(size_t offset, size_t bytes, const Thread& self, const Machine& machine) {
        for (size_t i = offset; i < offset + bytes; i++) {
            ShadowByte& cell = cells[i];
            if (!cell.writer.happened()) fail("reads byte %zu of shared memory, which nobody wrote", i);
            if (!cell.writer.orderedBefore(self, machine))
                fail("race: reads byte %zu of shared memory, written by %s with no barrier between", i,
                     name(cell.writer, machine).text);
            if (cell.reader.thread != self.index) cell.otherReader = cell.reader;
            cell.reader = Touch::by(self);
        }
    }

    void write(size_t offset, size_t bytes, const Thread& self, const Machine& machine) {
        for (size_t i = offset; i < offset + bytes; i++) {
            ShadowByte& cell = cells[i];
            for (const Touch* touch : {&cell.writer, &cell.reader, &cell.otherReader})
                if (touch->happened() && !touch->orderedBefore(self, machine))
                    fail("race: writes byte %zu of shared memory, %s by %s with no barrier between", i,
                         touch == &cell.writer ? "written" : "read", name(*touch, machine).text);
            cell.writer = Touch::by(self);
            cell.reader = cell.otherReader = Touch();
        }
    }

    void send(size_t offset, size_t bytes, const Thread& self, const Machine& machine, const Mbarrier& barrier) {
        write(offset, bytes, self, machine);
        for (size_t i = offset; i < offset + bytes; i++) {
            cells[i].writer.mbarrier = barrier.number + 1;
            cells[i].writer.phase = Touch::onTheWay;
        }
    }

    void landed(size_t offset, size_t bytes, unsigned phase) {
        for (size_t i = offset; i < offset + bytes; i++) cells[i].writer.phase = phase;
    }

private:
    struct Name {
        char text[48];
    };
    static Name name(const Touch& touch, const Machine& machine);
    std::vector<ShadowByte> cells;
};

}  // namespace cuda_host
