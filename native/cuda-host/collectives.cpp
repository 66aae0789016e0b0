// Warp-wide operations. A lane waits until all lanes of its mask have arrived. The lane that arrives last computes the
// results of all lanes.
#include "machine.h"

namespace cuda_host {

static const char* name(Collective kind) {
  static const char* const names[] = {
      "none", "__syncwarp", "__shfl_sync", "__shfl_up_sync", "__shfl_down_sync", "__shfl_xor_sync", "__ballot_sync"};
  return names[static_cast<int>(kind)];
}

static PendingCollective& join(Warp& warp, unsigned lane, Collective kind, unsigned mask, int width) {
  unsigned bit = 1u << lane;
  if ((mask & bit) == 0) fail("%s with mask %08x, which does not name the calling lane %u", name(kind), mask, lane);
  if ((mask & ~warp.present) != 0) fail("%s with mask %08x names lanes that do not exist", name(kind), mask);
  PendingCollective* empty = nullptr;
  for (PendingCollective& pending : warp.pending_collectives) {
    if (pending.arrived == 0) {
      empty = &pending;
      continue;
    }
    if (((pending.mask & bit) | (mask & pending.arrived)) == 0) continue;
    if (pending.mask != mask)
      fail("%s with mask %08x while other lanes of it wait with mask %08x", name(kind), mask, pending.mask);
    if (pending.kind != kind || pending.width != width)
      fail("%s (width %d) while other lanes of the mask wait in %s (width %d)", name(kind), width, name(pending.kind),
           pending.width);
    return pending;
  }
  if (empty == nullptr) {
    warp.pending_collectives.emplace_back();
    empty = &warp.pending_collectives.back();
  }
  empty->mask = mask;
  empty->kind = kind;
  empty->width = width;
  return *empty;
}

// The lane that `lane` reads in a shuffle, as defined in the CUDA C++ programming guide.
static unsigned source_lane(const PendingCollective& pending, unsigned lane) {
  int width = pending.width, own = static_cast<int>(lane), first = own / width * width,
      operand = pending.operands[lane];
  int source = own;
  switch (pending.kind) {
    case Collective::kShuffleIndex: return static_cast<unsigned>(first + (operand & (width - 1)));
    case Collective::kShuffleUp: source = own - operand; break;
    case Collective::kShuffleDown: source = own + operand; break;
    case Collective::kShuffleXor: source = own ^ operand; break;
    default: break;
  }
  bool inside =
      pending.kind == Collective::kShuffleXor ? source < first + width : source >= first && source < first + width;
  return static_cast<unsigned>(inside ? source : own);
}

static uint32_t result_of(const PendingCollective& pending, unsigned lane) {
  if (pending.kind == Collective::kBarrier) return 0;
  if (pending.kind == Collective::kBallot) {
    uint32_t votes = 0;
    for (unsigned other = 0; other < 32; other++)
      if ((pending.mask >> other & 1) != 0 && pending.values[other] != 0) votes |= 1u << other;
    return votes;
  }
  unsigned source = source_lane(pending, lane);
  if ((pending.mask >> source & 1) == 0)
    fail("%s: lane %u reads lane %u, which mask %08x does not name", name(pending.kind), lane, source, pending.mask);
  return pending.values[source];
}

uint32_t warp_collective(Collective kind, unsigned mask, uint32_t value, int operand, int width) {
  Machine& m = machine();
  Thread& self = *m.current;
  Warp& warp = *self.warp;
  if (width < 1 || width > 32 || (width & (width - 1)) != 0) fail("%s with width %d", name(kind), width);
  PendingCollective& pending = join(warp, self.lane, kind, mask, width);
  pending.values[self.lane] = value;
  pending.operands[self.lane] = operand;
  pending.arrived |= 1u << self.lane;
  if (pending.arrived != pending.mask) {
    m.wait(WaitState::kWarp);
    return self.result;
  }
  for (unsigned lanes = mask; lanes != 0; lanes &= lanes - 1) {
    unsigned lane = static_cast<unsigned>(__builtin_ctz(lanes));
    warp.lanes[lane].result = result_of(pending, lane);
    if (lane != self.lane) m.wake(warp.lanes[lane]);
  }
  pending.arrived = 0;
  if (kind == Collective::kBarrier && mask == warp.present) warp.barriers++;
  return self.result;
}

}  // namespace cuda_host
