package dev.temper.tools.train;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.temper.DistillationLoss;
import java.io.IOException;

/** A report as programs read it. */
public final class TrainReportJson {

  private TrainReportJson() {}

  /**
   * Writes one object with everything in the report.
   *
   * @param commit revision of Temper's sources
   * @param processor the processor's name
   */
  public static void write(TrainReport report, String commit, String processor, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("commit", commit);
    json.writeStringField("processor", processor);
    data(report.data(), json);
    plan(report.plan(), json);
    json.writeStringField("engine", report.engine());
    json.writeStringField("blas", report.blas());
    json.writeStringField("java", Runtime.version().toString());
    json.writeArrayFieldStart("seeds");
    for (SeedOutcome seed : report.outcomes()) {
      json.writeStartObject();
      json.writeNumberField("seed", seed.seed());
      models(seed.models(), json);
      differences(seed.differences(), json);
      json.writeStringField("text", seed.text());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeObjectFieldStart("mean");
    models(report.means(), json);
    json.writeNumberField("teacherMargin", report.margin());
    json.writeArrayFieldStart("distillationGains");
    for (double gain : report.gains()) {
      json.writeNumber(gain);
    }
    json.writeEndArray();
    json.writeEndObject();
    json.writeBooleanField("complete", report.isComplete());
    differences(report.differences(), json);
    json.writeArrayFieldStart("failures");
    for (String failure : report.failures()) {
      json.writeString(failure);
    }
    json.writeEndArray();
    json.writeNumberField("seconds", report.seconds());
    json.writeEndObject();
  }

  private static void data(TrainReport.Data data, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("data");
    json.writeStringField("description", data.description());
    json.writeNumberField("documents", data.documents());
    json.writeNumberField("words", data.words());
    json.writeNumberField("vocabulary", data.vocabulary());
    json.writeNumberField("training", data.training());
    json.writeNumberField("validation", data.validation());
    json.writeNumberField("heldOut", data.heldOut());
    json.writeEndObject();
  }

  private static void plan(TrainPlan plan, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("plan");
    json.writeNumberField("context", plan.context());
    json.writeNumberField("rows", plan.rows());
    budget("teacher", plan.teacher(), json);
    budget("student", plan.student(), json);
    json.writeArrayFieldStart("distillations");
    for (DistillationLoss loss : plan.distillations()) {
      json.writeStartObject();
      json.writeStringField("divergence", loss.divergence().label());
      json.writeNumberField("temperature", loss.temperature());
      json.writeNumberField("softWeight", loss.softWeight());
      json.writeNumberField("hardWeight", loss.hardWeight());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void budget(String name, TrainPlan.Budget budget, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart(name);
    json.writeNumberField("embedding", budget.embedding());
    json.writeNumberField("hidden", budget.hidden());
    json.writeNumberField("steps", budget.steps());
    json.writeNumberField("learningRate", budget.learningRate());
    json.writeEndObject();
  }

  private static void models(Iterable<ModelOutcome> outcomes, JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("models");
    for (ModelOutcome o : outcomes) {
      json.writeStartObject();
      json.writeStringField("name", o.name());
      json.writeNumberField("parameters", o.parameters());
      json.writeNumberField("steps", o.steps());
      json.writeNumberField("plannedSteps", o.plannedSteps());
      json.writeNumberField("crossEntropy", o.heldOut().crossEntropy());
      json.writeNumberField("perplexity", o.heldOut().perplexity());
      json.writeNumberField("top1", o.heldOut().top1());
      json.writeNumberField("top5", o.heldOut().top5());
      json.writeNumberField("judgedWords", o.heldOut().words());
      json.writeNumberField("secondsPerStep", o.secondsPerStep());
      json.writeNumberField("lossShare", o.lossShare());
      json.writeArrayFieldStart("curve");
      for (ModelOutcome.CurvePoint point : o.curve()) {
        json.writeStartObject();
        json.writeNumberField("step", point.step());
        json.writeNumberField("loss", point.loss());
        json.writeNumberField("validation", point.validation());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void differences(Differences differences, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("differencesFromReference");
    json.writeNumberField("checks", differences.checks());
    json.writeNumberField("loss", differences.loss());
    json.writeNumberField("gradient", differences.gradient());
    json.writeNumberField("bound", Differences.BOUND);
    json.writeEndObject();
  }
}
