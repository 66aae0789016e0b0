package dev.temper;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Tests the dependencies that the library adds to a project. */
final class DependenciesTest {

  @Test
  void theLibraryDependsOnAnnotationsAndCudaBindingsOnly() throws Exception {
    assertThat(shipped("src/pom.xml"))
        .containsExactlyInAnyOrder("org.jspecify:jspecify", "org.jcuda:jcuda", "org.jcuda:jcuda-natives",
        "org.jcuda:jcublas", "org.jcuda:jcublas-natives");
    assertThat(shipped("pom.xml")).as("what every module inherits").isEmpty();
  }

  /** Returns the dependencies of all profiles except those of test scope. */
  private static List<String> shipped(String pom) throws Exception {
    Document document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(Path.of(pom).toFile());
    XPath path = XPathFactory.newInstance().newXPath();
    NodeList found = (NodeList) path.evaluate(
        "//dependencies[not(parent::dependencyManagement)]/dependency", document, XPathConstants.NODESET);
    List<String> names = new ArrayList<>();
    for (int i = 0; i < found.getLength(); i++) {
      Element dependency = (Element) found.item(i);
      if (!path.evaluate("scope", dependency).equals("test")) {
        names.add(path.evaluate("groupId", dependency) + ":" + path.evaluate("artifactId", dependency));
      }
    }
    return names;
  }
}
