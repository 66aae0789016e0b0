// The threads that work on one row: some lanes of a warp, a block, or a cluster of blocks. Every kind of group has
//   kThreads                 threads of a block that compute rows
//   kScratchBytes            bytes of shared memory that the group itself needs; row storage begins after them
//   kConstants               offset of the LaunchConstants (row_inputs.cuh) in these bytes
//   thread_rank, size()      rank of the calling thread in its group, and the number of threads
//   first_row(), row_step()  the rows of the group: first_row(), first_row() + row_step(), ...
//   begin()                  must be called first in the kernel
//   kSeveralWarps            whether the group has more than one warp
//   in_first_warp()          whether the calling thread is in the first warp of the group
//   wait_for_cluster()       must be called once before the first reduction; waits for every block of the cluster to
//                            start
//   reduce<Op>(values)       combines the values of all threads, and gives every thread the result
//   merge(partial, owner, value)  merges the RowPartials of all threads, and gives every thread the result; also copies
//                            `value` from the thread with rank `owner` to the first thread of the group. In all other
//                            threads `value` is undefined afterwards. Without an owner it is undefined in all threads.
// The order of operations in a reduction is fixed, so that equal inputs give equal bits.
#pragma once

#include "block_group.cuh"
#include "lane_group.cuh"

namespace temper {

template <int THREADS, int LANES, int CLUSTER, int PRODUCERS> struct ChooseThreadGroup {
  using Type = LaneGroup<THREADS, LANES>;
};
template <int THREADS, int CLUSTER, int PRODUCERS> struct ChooseThreadGroup<THREADS, 0, CLUSTER, PRODUCERS> {
  using Type = BlockGroup<THREADS, CLUSTER, PRODUCERS>;
};
template <int THREADS, int LANES, int CLUSTER, int PRODUCERS = 0>
using ThreadGroupOf = typename ChooseThreadGroup<THREADS, LANES, CLUSTER, PRODUCERS>::Type;

}  // namespace temper
