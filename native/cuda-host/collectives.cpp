// Warp-wide operations. Lanes that name each other in a mask meet; the last to arrive computes every lane's result.
#include "machine.h"

namespace cuda_host {

static const char* name(Collective kind) {
    static const char* const names[] = {"none", "__syncwarp", "__shfl_sync", "__shfl_up_sync", "__shfl_down_sync",
                                        "__shfl_xor_sync", "__ballot_sync"};
    return names[static_cast<int>(kind)];
}

static Meeting& join(Warp& warp, unsigned lane, Collective kind, unsigned mask, int width) {
    unsigned bit = 1u << lane;
    if ((mask & bit) == 0) fail("%s with mask %08x, which does not name the calling lane %u", name(kind), mask, lane);
    if ((mask & ~warp.present) != 0) fail("%s with mask %08x names lanes that do not exist", name(kind), mask);
    Meeting* empty = nullptr;
    for (Meeting& meeting : warp.meetings) {
        if (meeting.arrived == 0) {
            empty = &meeting;
            continue;
        }
        if (((meeting.mask & bit) | (mask & meeting.arrived)) == 0) continue;
        if (meeting.mask != mask)
            fail("%s with mask %08x meets lanes that wait with mask %08x", name(kind), mask, meeting.mask);
        if (meeting.kind != kind || meeting.width != width)
            fail("%s (width %d) meets lanes in %s (width %d)", name(kind), width, name(meeting.kind), meeting.width);
        return meeting;
    }
    if (empty == nullptr) {
        warp.meetings.emplace_back();
        empty = &warp.meetings.back();
    }
    empty->mask = mask;
    empty->kind = kind;
    empty->width = width;
    return *empty;
}

/// The lane that `lane` reads from, as the CUDA programming guide defines it for each kind of shuffle.
static unsigned sourceLane(const Meeting& meeting, unsigned lane) {
    int width = meeting.width, own = static_cast<int>(lane), first = own / width * width, operand = meeting.operands[lane];
    int source = own;
    switch (meeting.kind) {
        case Collective::shuffleIndex: return static_cast<unsigned>(first + (operand & (width - 1)));
        case Collective::shuffleUp: source = own - operand; break;
        case Collective::shuffleDown: source = own + operand; break;
        case Collective::shuffleXor: source = own ^ operand; break;
        default: break;
    }
    bool inside = meeting.kind == Collective::shuffleXor ? source < first + width : source >= first && source < first + width;
    return static_cast<unsigned>(inside ? source : own);
}

static uint32_t resultOf(const Meeting& meeting, unsigned lane) {
    if (meeting.kind == Collective::barrier) return 0;
    if (meeting.kind == Collective::ballot) {
        uint32_t votes = 0;
        for (unsigned other = 0; other < 32; other++)
            if ((meeting.mask >> other & 1) != 0 && meeting.values[other] != 0) votes |= 1u << other;
        return votes;
    }
    unsigned source = sourceLane(meeting, lane);
    if ((meeting.mask >> source & 1) == 0)
        fail("%s: lane %u reads lane %u, which mask %08x does not name", name(meeting.kind), lane, source, meeting.mask);
    return meeting.values[source];
}

uint32_t warpCollective(Collective kind, unsigned mask, uint32_t value, int operand, int width) {
    Machine& m = machine();
    Thread& self = *m.current;
    Warp& warp = *self.warp;
    if (width < 1 || width > 32 || (width & (width - 1)) != 0) fail("%s with width %d", name(kind), width);
    Meeting& meeting = join(warp, self.lane, kind, mask, width);
    meeting.values[self.lane] = value;
    meeting.operands[self.lane] = operand;
    meeting.arrived |= 1u << self.lane;
    if (meeting.arrived != meeting.mask) {
        m.wait(Waiting::warp);
        return self.result;
    }
    for (unsigned lanes = mask; lanes != 0; lanes &= lanes - 1) {
        unsigned lane = static_cast<unsigned>(__builtin_ctz(lanes));
        warp.lanes[lane].result = resultOf(meeting, lane);
        if (lane != self.lane) m.wake(warp.lanes[lane]);
    }
    meeting.arrived = 0;
    if (kind == Collective::barrier && mask == warp.present) warp.barriers++;
    return self.result;
}

}  // namespace cuda_host
