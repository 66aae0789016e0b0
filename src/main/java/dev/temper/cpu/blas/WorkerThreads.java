package dev.temper.cpu.blas;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Runs numbered tasks on the caller's thread and on threads of its own, which wait between the calls. */
final class WorkerThreads implements AutoCloseable {

  /** A task with the number of the thread that runs it. */
  @FunctionalInterface
  interface Task {
    void run(int worker, int index);
  }

  private final int count;
  private final ExecutorService others;

  /**
   * Creates the threads.
   *
   * @param count number of threads, with the caller's; 1 or more
   */
  WorkerThreads(int count) {
    this.count = count;
    others = Executors.newFixedThreadPool(Math.max(1, count - 1), Thread.ofPlatform().daemon().name("temper-blas-", 0)
        .factory());
  }

  /**
   * Runs the tasks 0 to {@code tasks - 1} and returns when all of them have ended, even if one of them fails.
   *
   * @throws IllegalStateException if a task of another thread failed
   */
  void run(int tasks, Task task) {
    AtomicInteger next = new AtomicInteger();
    List<Future<?>> running = new ArrayList<>();
    for (int worker = 1; worker < Math.min(count, tasks); worker++) {
      int number = worker;
      running.add(others.submit(() -> runNext(tasks, next, number, task)));
    }
    try {
      runNext(tasks, next, 0, task);
    } finally {
      awaitAll(running);
    }
  }

  private static void runNext(int tasks, AtomicInteger next, int worker, Task task) {
    for (int index = next.getAndIncrement(); index < tasks; index = next.getAndIncrement()) {
      task.run(worker, index);
    }
  }

  /** Waits for all threads, and throws the first failure afterwards. */
  private static void awaitAll(List<Future<?>> running) {
    IllegalStateException failure = null;
    for (Future<?> each : running) {
      try {
        await(each);
      } catch (IllegalStateException e) {
        failure = failure == null ? e : failure;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** Waits for a thread even if the caller is interrupted, because the thread uses the memory of the caller. */
  private static void await(Future<?> running) {
    boolean isInterrupted = false;
    while (true) {
      try {
        running.get();
        break;
      } catch (InterruptedException e) {
        isInterrupted = true;
      } catch (ExecutionException e) {
        throw new IllegalStateException("a thread of a matrix product failed: " + e.getCause(), e.getCause());
      }
    }
    if (isInterrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    others.shutdownNow();
  }
}
