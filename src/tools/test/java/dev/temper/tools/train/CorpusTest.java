package dev.temper.tools.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CorpusTest {

  @TempDir private Path folder;

  @Test
  void namesOfTheJdkAreThousandsOfClasses() throws IOException {
    Corpus corpus = JdkNames.read();
    assertThat(corpus.documents()).hasSizeGreaterThan(5000);
    assertThat(corpus.documents()).filteredOn(d -> d.group().equals("java/util/ArrayList"))
        .anySatisfy(d -> assertThat(d.words()).startsWith("array", "list", ":", "trim", "to", "size", ",")
            .endsWith("."));
    // Constructors, lambdas and bridges have synthetic names.
    assertThat(corpus.documents()).allSatisfy(d -> assertThat(d.words()).doesNotContain("<", "$", "lambda$"));
  }

  @Test
  void aNestedClassBelongsToTheClassAroundIt() {
    var document = JdkNames.document("java/util/Map$Entry", new LinkedHashSet<>(List.of("getKey", "getValue")));
    assertThat(document.group()).isEqualTo("java/util/Map");
    assertThat(document.words()).containsExactly("map", "entry", ":", "get", "key", ",", "get", "value", ".");
  }

  @Test
  void textFileFallsIntoDocuments() throws IOException {
    Path file = folder.resolve("book.txt");
    Files.writeString(file, "to be or not ".repeat(TextFile.MIN_WORDS / 4));
    Corpus corpus = TextFile.read(file);
    assertThat(corpus.words()).isEqualTo(TextFile.MIN_WORDS);
    assertThat(corpus.documents()).extracting(Corpus.TextDocument::group).doesNotHaveDuplicates();
    assertThat(corpus.description()).isEqualTo("book.txt");
  }

  @Test
  void badFilesAreNamed() throws IOException {
    Path shortText = folder.resolve("short.txt");
    Files.writeString(shortText, "far too short");
    assertThatThrownBy(() -> TextFile.read(shortText)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("short.txt", "3 words", String.valueOf(TextFile.MIN_WORDS));
    Path binary = folder.resolve("binary.txt");
    Files.write(binary, new byte[] {'a', (byte) 0xFF, (byte) 0xFE});
    assertThatThrownBy(() -> TextFile.read(binary)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("binary.txt", "not UTF-8");
    assertThatThrownBy(() -> TextFile.read(folder.resolve("none.txt"))).isInstanceOf(NoSuchFileException.class);
  }
}
