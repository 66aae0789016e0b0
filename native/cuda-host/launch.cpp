// The grid loop: for one cluster after the other, creates the threads and runs them until all have exited.
#include <stdio.h>
#include <stdlib.h>

#include "machine.h"
#include "tracer.h"

namespace cuda_host {

Machine& machine() {
  static thread_local Machine instance;
  return instance;
}

const BuiltinVariables& builtin_variables() { return machine().current->builtins; }

void fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  machine().fail_with(format, arguments);
}

int launch(KernelBody body, const void* parameters, size_t parameter_bytes, unsigned grid, unsigned block,
           unsigned cluster, unsigned shared_bytes, int order, uint64_t seed, char* message, unsigned message_bytes) {
  LaunchShape shape{grid, block, cluster, shared_bytes, static_cast<ThreadOrder>(order), seed};
  return machine().launch(body, parameters, parameter_bytes, shape, message, message_bytes);
}

static const char* refusal(const LaunchShape& shape) {
  if (shape.grid == 0) return "a grid needs at least one block";
  if (shape.block == 0 || shape.block > 1024) return "a block has 1 to 1024 threads";
  if (shape.cluster == 0 || shape.cluster > 16 || (shape.cluster & (shape.cluster - 1)) != 0)
    return "a cluster has 1, 2, 4, 8 or 16 blocks";
  if (shape.grid % shape.cluster != 0) return "the grid is not a multiple of the cluster";
  if (shape.shared_bytes > 227 * 1024) return "a block has at most 232448 bytes of shared memory";
  if (static_cast<int>(shape.order) < 0 || shape.order > ThreadOrder::kRunAheadShuffled) return "unknown thread order";
  return nullptr;
}

static void run() {
  enter_fiber();
  Machine& m = machine();
  m.body(m.parameters);
  m.finish();
}

bool Machine::prepare(const LaunchShape& shape) {
  unsigned warps_per_block = (shape.block + 31) / 32;
  size_t count = size_t(shape.block) * shape.cluster;
  if (!stacks.reserve(count)) return false;
  block_threads = shape.block;
  shared_bytes = shape.shared_bytes;
  threads.resize(count);
  warps.resize(size_t(warps_per_block) * shape.cluster);
  blocks.resize(shape.cluster);
  for (unsigned rank = 0; rank < shape.cluster; rank++) {
    Block& block = blocks[rank];
    block.rank = rank;
    block.warps.clear();
    // The allocation has the exact size, so that the address sanitizer reports an access beyond it.
    if (posix_memalign(reinterpret_cast<void**>(&block.shared), 1024, shape.shared_bytes) != 0) return false;
    for (unsigned w = 0; w < warps_per_block; w++) {
      Warp& warp = warps[rank * warps_per_block + w];
      unsigned lanes = shape.block - w * 32 < 32 ? shape.block - w * 32 : 32;
      warp.block = &block;
      warp.lanes = &threads[size_t(rank) * shape.block + w * 32];
      warp.present = lanes == 32 ? ~0u : (1u << lanes) - 1;
      block.warps.push_back(&warp);
    }
  }
  return true;
}

void Machine::reset_thread(size_t index, unsigned first_block, const LaunchShape& shape) {
  Thread& thread = threads[index];
  unsigned rank = static_cast<unsigned>(index / shape.block), x = static_cast<unsigned>(index % shape.block);
  thread.block = &blocks[rank];
  thread.warp = thread.block->warps[x / 32];
  thread.lane = x % 32;
  thread.index = static_cast<unsigned>(index);
  thread.builtins = {{x, 0, 0}, {first_block + rank, 0, 0}, {shape.block, 1, 1}, {shape.grid, 1, 1}};
  thread.wait_state = WaitState::kRunnable;
  thread.block_barriers = thread.named_barriers = thread.proxy_fences = thread.copy_groups = 0;
  thread.cluster_arrivals = thread.cluster_waits = 0;
  thread.copies.clear();
  thread.clock.clear();
  thread.fiber.stack = stacks.stack(index);
  thread.fiber.stack_bytes = StackArena::kStackBytes;
  prepare_fiber(thread.fiber, run);
}

void Machine::run_cluster(unsigned first_block, const LaunchShape& shape) {
  cluster_arrived = completed_cluster_barriers = 0;
  for (Block& block : blocks) {
    block.arrived = block.named_arrived = block.finished = 0;
    block.mbarriers.clear();
    memset(block.shared, 0xff, shape.shared_bytes);  // NaN in f32, bf16 and f16
  }
  for (Warp& warp : warps) {
    warp.runnable = warp.present;
    warp.barriers = 0;
    warp.pending_collectives.clear();
  }
  for (size_t i = 0; i < threads.size(); i++) reset_thread(i, first_block, shape);
  order_warps(shape.order, shape.seed + first_block);
  trace_cluster_start(*this);
  unfinished = static_cast<unsigned>(threads.size());
  Thread* first = next_thread();
  current = first;
  switch_fiber(grid, first->fiber, false);
  current = nullptr;
}

int Machine::launch(KernelBody kernel, const void* arguments, size_t argument_bytes, const LaunchShape& shape,
                    char* text, unsigned text_bytes) {
  message = text;
  message_bytes = text_bytes;
  failed = false;
  if (const char* reason = refusal(shape)) {
    snprintf(text, text_bytes, "launch refused: %s", reason);
    return 1;
  }
  body = kernel;
  parameters = arguments;
  parameter_bytes = argument_bytes;
  if (!prepare(shape)) {
    snprintf(text, text_bytes, "launch refused: out of memory");
    return 1;
  }
  unsigned clusters = shape.grid / shape.cluster;
  bool backwards = shape.order == ThreadOrder::kRoundRobinReverse || shape.order == ThreadOrder::kRunAheadReverse;
  for (unsigned i = 0; i < clusters && !failed; i++)
    run_cluster((backwards ? clusters - 1 - i : i) * shape.cluster, shape);
  for (Block& block : blocks) free(block.shared);
  return failed ? 1 : 0;
}

}  // namespace cuda_host
